"""Webhooks under Settings: the list, the form, and one with its deliveries."""

from typing import Any

from flask import Response, abort, flash, g, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response as Answer

from crm.errors import RuleError
from crm.extensions import db
from crm.integrations.webhooks import subscriptions
from crm.integrations.webhooks.words import in_words
from crm.models import Webhook, WebhookDelivery
from crm.models.webhook import BY_HAND, FAILED, FAILING, GONE, NO_SECRET, NO_USER, SENT, SKIPPED, WAITING
from crm.services.lists.listing import whole
from crm.views.integrations.webhook_form import WebhookForm, words_of_delivery, words_of_events
from crm.views.page import Page
from crm.views.settings.jobs import is_worked

PAGE_SIZE = 30
STATES = {WAITING: (_l("Waiting"), "warning"), SENT: (_l("Delivered"), "success"), FAILED: (_l("Failed"), "danger"),
          SKIPPED: (_l("Not sent"), "")}  # fmt: skip
#: Why a webhook is off.
REASONS = {
    BY_HAND: _l("Switched off."),
    FAILING: _l("Switched off by itself: for three days nothing got through."),
    GONE: _l("Switched off by itself: the receiver answered that the address is gone (410)."),
    NO_USER: _l("Switched off by itself: its user may not sign in any more."),
    NO_SECRET: _l("Switched off by itself: the CRM's keys do not open its secret. Give it a new one."),
}


class WebhooksView(Page):
    """`/settings/webhooks/`."""

    route_base = "/settings/webhooks"
    class_permission_name = "webhook"
    default_view = "list"
    method_permission_name = dict.fromkeys(
        ("list", "show", "add", "edit", "delete", "secret", "switch", "test", "send_again"), "edit"
    )

    @expose("/")
    @has_access
    def list(self) -> Answer:
        hooks = db.session.scalars(select(Webhook).order_by(Webhook.name, Webhook.id)).all()
        ids = [hook.id for hook in hooks]
        return self.render(
            "webhook/list.html", title=_("Webhooks"), hooks=hooks,
            waiting=subscriptions.counts(ids, WAITING), failed=subscriptions.counts(ids, FAILED),
        )  # fmt: skip

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> Answer:
        """The form of a new one; afterwards its page, with the secret this once."""
        form = WebhookForm(request.form if request.method == "POST" else None, data={"user": g.user})
        if request.method == "POST" and self._is_good(form):
            hook = Webhook(active=True)
            form.fill(hook)
            secret = subscriptions.add(hook)
            db.session.commit()
            return self._page(hook, 201, secret=secret)
        return self._form(form, _("New webhook"))

    @expose("/edit/<int:pk>", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: int) -> Answer:
        hook = get(Webhook, pk)
        form = WebhookForm(request.form if request.method == "POST" else None, obj=hook)
        if request.method == "POST" and self._is_good(form):
            form.fill(hook)
            subscriptions.changed(hook)
            db.session.commit()
            flash(_("Saved."), "success")
            return to_page(hook.id)
        return self._form(form, hook.name, hook)

    @expose("/show/<int:pk>")
    @has_access
    def show(self, pk: int) -> Answer:
        return self._page(get(Webhook, pk))

    @expose("/delete/<int:pk>", methods=["POST"])
    @has_access
    def delete(self, pk: int) -> Response:
        hook = get(Webhook, pk)
        name = hook.name
        subscriptions.remove(hook)
        db.session.commit()
        flash(_("%(name)s deleted.", name=name), "success")
        return redirect(url_for("WebhooksView.list"))

    @expose("/secret/<int:pk>", methods=["POST"])
    @has_access
    def secret(self, pk: int) -> Answer:
        """Another secret, shown this once; the last one signs nothing any more."""
        hook = get(Webhook, pk)
        secret = subscriptions.renew_secret(hook)
        subscriptions.changed(hook)
        db.session.commit()
        return self._page(hook, secret=secret)

    @expose("/switch/<int:pk>", methods=["POST"])
    @has_access
    def switch(self, pk: int) -> Response:
        subscriptions.switch(get(Webhook, pk), on=request.form.get("on") == "yes")
        db.session.commit()
        return to_page(pk)

    @expose("/test/<int:pk>", methods=["POST"])
    @has_access
    def test(self, pk: int) -> Response:
        """A word that means nothing, sent while the page waits."""
        sent = subscriptions.send_test(get(Webhook, pk))
        if sent.state == SENT:
            flash(_("The receiver answered with %(status)d.", status=sent.status), "success")
        elif sent.status is not None:
            flash(_("The receiver answered with %(status)d: not delivered.", status=sent.status), "danger")
        else:
            flash(_("Not delivered: %(why)s.", why=in_words(sent.error)), "danger")
        return to_page(pk)

    @expose("/again/<int:pk>", methods=["POST"])
    @has_access
    def send_again(self, pk: int) -> Response:
        delivery = get(WebhookDelivery, pk)
        if not delivery.record:
            abort(409)
        subscriptions.send_again(delivery)
        db.session.commit()
        flash(_("It is sent again, with the record as it is then."), "success")
        return to_page(delivery.webhook_id)

    def _is_good(self, form: WebhookForm) -> bool:
        if not form.validate():
            return False
        try:
            subscriptions.check_eyes(form.chosen_user, g.user)
        except RuleError as error:
            form["user"].errors = [str(error.description)]
            return False
        return True

    def _form(self, form: WebhookForm, title: str, hook: Webhook | None = None) -> Answer:
        return self.render(
            "webhook/form.html", 422 if form.errors else 200, title=title, form=form, hook=hook
        )

    def _page(self, hook: Webhook, status: int = 200, secret: str = "") -> Answer:
        state, page = request.args.get("state", ""), whole(request.args, "page", 1, 10_000)
        if state and state not in STATES:
            abort(400)
        asked = select(WebhookDelivery).where(WebhookDelivery.webhook_id == hook.id)
        if state:
            asked = asked.where(WebhookDelivery.state == state)
        asked = asked.order_by(WebhookDelivery.id.desc()).limit(PAGE_SIZE + 1).offset((page - 1) * PAGE_SIZE)
        found = db.session.scalars(asked).all()
        return self.render(
            "webhook/show.html", status, title=hook.name, hook=hook, secret=secret, state=state, states=STATES,
            reason=REASONS.get(hook.off_because, ""), events=words_of_events(hook.events), page=page,
            has_next=len(found) > PAGE_SIZE, deliveries=found[:PAGE_SIZE], words=words_of_delivery,
            is_worked=is_worked(), why=in_words,
        )  # fmt: skip


def get(model: type[Any], pk: int) -> Any:
    """The webhook or delivery with this id; 404 for none."""
    return (db.session.get(model, pk) if pk < 2**62 else None) or abort(404)


def to_page(pk: int) -> Response:
    return redirect(url_for("WebhooksView.show", pk=pk))
