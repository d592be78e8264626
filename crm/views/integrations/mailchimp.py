"""The Mailchimp page: the account, the last runs, Sync now, the dry run, and what needs a person's word."""

from collections.abc import Sequence
from typing import Any

from flask import abort, current_app, flash, g, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from sqlalchemy import Select, func, literal, select
from werkzeug.wrappers import Response

from crm.errors import RuleError
from crm.extensions import db
from crm.integrations.mailchimp import difference
from crm.integrations.mailchimp.eligible import NO_EMAIL
from crm.integrations.mailchimp.profile import count_proposals, decide, open_proposals
from crm.integrations.mailchimp.settings import NotConfigured, get_chosen, get_settings
from crm.integrations.mailchimp.words import COUNTERS, REASONS
from crm.jobs.runs import ask_for
from crm.models import Client, JobRun, MailchimpAudience, MailchimpProposal, MailchimpWanted
from crm.models.job import UNCONFIRMED
from crm.models.mailchimp import OPEN
from crm.security.manager import may
from crm.services.clients.words import LABELS
from crm.services.secret_settings import secret_hint
from crm.views.page import Page
from crm.views.settings.jobs import get_run, is_worked, result

KIND = "mailchimp"
RECENT, PAGE_SIZE = 20, 50


class MailchimpView(Page):
    route_base = "/mailchimp"
    class_permission_name = KIND
    default_view = "list"
    method_permission_name = {
        "list": "list", "progress": "list", "skipped": "list", "unknown": "list", "changes": "list",
        "start": "sync", "confirm": "sync", "decide": "sync",
    }  # fmt: skip

    @expose("/")
    @has_access
    def list(self) -> Response:
        query = select(JobRun).where(JobRun.kind == KIND).order_by(JobRun.id.desc())
        runs, number, total = db.session.scalars(query.limit(RECENT)).all(), _page_number(), count_proposals()
        return self.render(
            "mailchimp/list.html", title=_("Mailchimp"), runs=runs, current=runs[0] if runs else None,
            account=account(), audience=db.session.scalar(select(MailchimpAudience)), is_worked=is_worked(),
            proposals=open_proposals(limit=RECENT, offset=(number - 1) * RECENT), proposal_count=total, page=number,
            pages=-(-total // RECENT), words=COUNTERS, reasons=REASONS, titles=difference.TITLES, labels=LABELS,
            unknown_count=difference.count()[difference.UNKNOWN], result=result,
        )  # fmt: skip

    @expose("/run/<int:pk>")
    @has_access
    def progress(self, pk: int) -> Response:
        """How a run stands, as a part of the page."""
        run = get_run(pk)
        if run.kind != KIND:
            abort(404)
        return self.render(
            "mailchimp/_run.html", run=run, words=COUNTERS, reasons=REASONS, titles=difference.TITLES
        )

    @expose("/sync", methods=["POST"])
    @has_access
    def start(self) -> Response:
        wanted = {name: bool(request.form.get(name)) for name in ("full", "dry_run")}
        return self._ask({**wanted, "confirm": None})

    @expose("/confirm/<int:pk>", methods=["POST"])
    @has_access
    def confirm(self, pk: int) -> Response:
        """Run again, letting as many leave, or be taken for deleted, as the stopped run had counted."""
        run = get_run(pk)
        if run.kind != KIND or run.state != UNCONFIRMED:
            abort(409)
        agreed = {name: run.counters[name] for name in ("leaving", "gone") if name in run.counters}
        return self._ask({**run.options, "confirm": agreed})

    @expose("/changes")
    @has_access
    def changes(self) -> Response:
        """What the last run, or dry run, left to be changed in the audience: `?what=` is to happen."""
        what = request.args.get("what", "")
        if what not in difference.TITLES or not may("sensitive", "client"):
            abort(404)
        totals, number = difference.count(), _page_number()
        rows = difference.find(what, PAGE_SIZE, (number - 1) * PAGE_SIZE)
        owners = select(Client.id, Client.name).where(Client.id.in_([row.client_id for row in rows]))
        names = {client.id: client.name for client in db.session.execute(owners)}
        if what in difference.SENT:
            rows = [row for row in rows if row.client_id in names]
        told = {"what": what, "titles": difference.TITLES, "totals": totals, "names": names}
        return self._page("changes", rows, totals[what], number, **told)

    @expose("/skipped")
    @has_access
    def skipped(self) -> Response:
        """Clients that the last run left out, and why."""
        reason = request.args.get("reason", "")
        if reason and reason not in REASONS:
            abort(400)
        query, number = skipped_clients(reason), _page_number()
        rows = db.session.execute(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).all()
        return self._page("skipped", rows, count(query), number, reason=reason, reasons=REASONS)

    @expose("/unknown")
    @has_access
    def unknown(self) -> Response:
        """Members of the audience who are no clients."""
        number = _page_number()
        rows = difference.find_unknown(PAGE_SIZE, (number - 1) * PAGE_SIZE)
        return self._page("unknown", rows, difference.count()[difference.UNKNOWN], number)

    @expose("/proposal/<int:pk>", methods=["POST"])
    @has_access
    def decide(self, pk: int) -> Response:
        """Take a proposed value over, or leave it."""
        proposal = (db.session.get(MailchimpProposal, pk) if pk < 2**62 else None) or abort(404)
        if proposal.state != OPEN or not may("edit", "client"):
            abort(409)
        try:
            decide(proposal, accept=request.form.get("accept") == "yes")
        except RuleError as error:
            db.session.rollback()
            flash(error.description, "danger")
        return redirect(url_for("MailchimpView.list"))

    def _ask(self, options: dict[str, Any]) -> Response:
        try:
            get_settings(current_app.config)
        except NotConfigured as error:
            flash(str(error), "danger")
            return redirect(url_for("MailchimpView.list"))
        _run_id, is_new = ask_for(KIND, options, g.user.id)
        db.session.commit()
        if not is_new:
            flash(_("A sync is already running."), "warning")
        return redirect(url_for("MailchimpView.list"))

    def _page(self, name: str, rows: Sequence[Any], total: int, number: int, **values: Any) -> Response:
        """A page of people; `number` counts from 1, `total` is the number of people on all."""
        return self.render(
            f"mailchimp/{name}.html", title=_("Mailchimp"), rows=rows, total=total, page=number,
            pages=-(-total // PAGE_SIZE), **values,
        )  # fmt: skip


def _page_number() -> int:
    page = request.args.get("page", "1")
    return int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 9 and int(page) else abort(400)


def account() -> dict[str, Any]:
    """The configured account, or what is missing."""
    try:
        found = get_settings(current_app.config)
    except NotConfigured as error:
        return {"missing": str(error)}
    names = {one["id"]: one["name"] for one in get_chosen().get("audiences", [])}
    audience = names.get(found.audience, found.audience)
    return {"key": secret_hint(found.key), "audience": audience, "url": found.url}


def skipped_clients(reason: str) -> Select[Any]:
    """(client id, name, e-mail, reason) of whom the last run left out, as far as the viewer sees them."""
    if reason == NO_EMAIL:
        nothing = Client.email.is_(None) | (Client.email == "")
        query = select(Client.id, Client.name, Client.email, literal(NO_EMAIL).label("reason"))
        return query.where(nothing, Client.archived_at.is_(None)).order_by(Client.name_key, Client.id)
    query = select(Client.id, Client.name, MailchimpWanted.email, MailchimpWanted.reason).join(
        Client, Client.id == MailchimpWanted.client_id
    )
    chosen = MailchimpWanted.reason == reason if reason else MailchimpWanted.reason.is_not(None)
    return query.where(chosen).order_by(Client.name_key, Client.id)


def count(query: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
