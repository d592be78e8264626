"""The settings of Mailchimp: key, audience, merge fields, who is sent, news at once."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from config import LOOPBACK
from crm.extensions import db
from crm.integrations.calls import recent_calls
from crm.integrations.mailchimp import account, hook
from crm.integrations.mailchimp.counting import count_fitting
from crm.integrations.mailchimp.settings import chosen_fields, get_audience, get_chosen, get_key
from crm.integrations.mailchimp.sources import sources
from crm.services.secret_settings import secret_hint
from crm.views.page import Page


class MailchimpSettingsView(Page):
    """Each part is a form of its own; whatever Mailchimp is asked is kept, so that the page itself asks nothing."""

    route_base = "/settings/mailchimp"
    class_permission_name = "settings"
    default_view = "index"
    method_permission_name = {
        "index": "edit", "key": "edit", "audience": "edit", "fields": "edit", "again": "edit", "hook": "edit",
    }  # fmt: skip

    @expose("/")
    @has_access
    def index(self) -> Response:
        return self._page()

    @expose("/key", methods=["POST"])
    @has_access
    def key(self) -> Response:
        """Another key, tried before it is kept; or none."""
        if _given("MAILCHIMP_API_KEY"):
            return self._page(409, _("The key is set by MAILCHIMP_API_KEY, where the CRM is started."), "key")
        if request.form.get("remove"):
            hook.turn_off()
            account.remove_key()
            flash(_("The key is removed. The audience stays as it is."), "success")
            return self._back()
        key = request.form.get("key", "").strip()
        if not (8 <= len(key) <= 100 and key.isascii() and key.isprintable()):
            return self._page(422, _("This is no key of Mailchimp."), "key")
        return self._try(
            lambda: _keep_hook_true(lambda: account.set_key(key)), _("The key works and is kept.")
        )

    @expose("/audience", methods=["POST"])
    @has_access
    def audience(self) -> Response:
        if _given("MAILCHIMP_AUDIENCE_ID"):
            problem = _("The audience is set by MAILCHIMP_AUDIENCE_ID, where the CRM is started.")
            return self._page(409, problem, "audience")
        chosen = request.form.get("audience", "")
        offered = [one["id"] for one in get_chosen().get("audiences", [])]
        moves = hook.is_on() and chosen in offered and chosen != get_audience(current_app.config)

        def choose() -> None:
            if moves:
                hook.turn_off()
            account.choose_audience(chosen)
            if moves:
                hook.turn_on()

        return self._try(choose, _("Audience saved."))

    @expose("/again", methods=["POST"])
    @has_access
    def again(self) -> Response:
        """Read audiences and merge fields anew."""
        return self._try(lambda: _keep_hook_true(account.ask_again), _("Read anew from Mailchimp."))

    @expose("/fields", methods=["POST"])
    @has_access
    def fields(self) -> Response:
        tags = [field["tag"] for field in account.merge_fields()]
        chosen = {tag: request.form.get(f"field.{tag}", "") for tag in tags}
        new = (request.form.get("new_tag", ""), request.form.get("new_source", ""))
        return self._try(lambda: account.choose_fields(chosen, new), _("Merge fields saved."))

    @expose("/hook", methods=["POST"])
    @has_access
    def hook(self) -> Response:
        """News at once, or only with the next sync."""
        if request.form.get("on") == "yes":
            return self._try(hook.turn_on, _("Mailchimp tells news at once."))
        if not hook.turn_off():
            flash(_("Mailchimp could not be told; what it sends is not heeded any more."), "warning")
        return self._back()

    def _try(self, work: Callable[[], None], done: str) -> Response:
        try:
            work()
        except account.Refused as refused:
            db.session.rollback()
            return self._page(422, str(refused), refused.field)
        flash(done, "success")
        return self._back()

    @staticmethod
    def _back() -> Response:
        return redirect(url_for("MailchimpSettingsView.index"))

    def _page(self, status: int = 200, problem: str = "", field: str = "") -> Response:
        config = current_app.config
        key, chosen = get_key(config), get_chosen()
        offered = sources()
        return self.render(
            "settings/mailchimp.html", status, title=_("Mailchimp"), problem=problem, problem_field=field,
            key_given=_given("MAILCHIMP_API_KEY"), audience_given=_given("MAILCHIMP_AUDIENCE_ID"),
            hint=secret_hint(key) if key else "", audience=get_audience(config), audiences=chosen.get("audiences", []),
            merge_fields=[(f, [s for s in offered if account.takes(f["type"], s)]) for f in account.merge_fields()],
            is_read="merge_fields" in chosen, chosen=self._chosen(field), sources=offered,
            fitting=count_fitting(), hook_is_on=hook.is_on(), is_public=_is_public(config["CRM_URL"]),
            calls=recent_calls("mailchimp"),
        )  # fmt: skip

    @staticmethod
    def _chosen(field: str) -> dict[str, Any]:
        """Merge field -> source: as it was sent where that was refused."""
        if field.startswith(("field.", "new_")):
            sent = request.form.items()
            return {name.removeprefix("field."): value for name, value in sent if name.startswith("field.")}
        return chosen_fields()


def _given(name: str) -> bool:
    """Whether the environment sets it."""
    return bool(current_app.config.get(name))


def _keep_hook_true(work: Callable[[], None]) -> None:
    """Do what may lead to another audience, which tells no news then."""
    before = get_audience(current_app.config)
    work()
    if hook.is_on() and get_audience(current_app.config) != before:
        hook.turn_off()
        flash(_("The audience is another one: turn on news at once again."), "warning")


def _is_public(url: str) -> bool:
    """Whether Mailchimp might reach an address: not where it means this machine."""
    return urlsplit(url).hostname not in LOOPBACK
