"""What the audience's news mean for clients: opt-outs, bounces, opt-ins, new addresses, changed names."""

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update
from werkzeug.exceptions import HTTPException

from crm.errors import RuleError
from crm.extensions import db
from crm.integrations.mailchimp.client import subscriber_hash
from crm.integrations.mailchimp.eligible import wanted
from crm.integrations.mailchimp.profile import follow_profile
from crm.integrations.mailchimp.sources import PROFILE, Fields
from crm.integrations.mailchimp.suppress import OWN_WORD, lift, suppress, suppressions_of
from crm.models import Client, MailchimpMember, Task
from crm.models.types import utc_now
from crm.services.clients.rules import mistakes
from crm.services.history.log import operation
from crm.services.progress import Progress

CHUNK = 200
SOURCE = "Mailchimp"

members = MailchimpMember.__table__


def follow(run: Progress, fields: Fields, dry_run: bool) -> set[int]:
    """Draw the consequences of everything read and not yet followed; gives the clients that changed."""
    changed: set[int] = set()
    last = 0
    while rows := _pending(last):
        last = rows[-1].id
        hashes = [row.hash for row in rows] + [row.moved_from for row in rows if row.moved_from]
        known, clients = suppressions_of(hashes), _clients(hashes)
        current = _current(clients)
        db.session.rollback()
        for row in rows:
            changed |= _Follower(run, row, known.get(row.hash), clients, current, fields, dry_run).follow()
        if not dry_run:
            done = update(members).where(members.c.id.in_([row.id for row in rows]))
            values = {"pending": False, "moved_from": None, "fields": members.c.read_fields}
            db.session.execute(done.values(values))
            run.progress(_("Drawing conclusions"))
    return changed


def _pending(last: int) -> list[Any]:
    query = members.select().where(members.c.pending, members.c.id > last)
    return list(db.session.execute(query.order_by(members.c.id).limit(CHUNK)))


def _clients(hashes: list[str]) -> dict[str, list[int]]:
    """Whose addresses these are: clients in use before those in the archive or the trash, the oldest first."""
    found: dict[str, list[int]] = {}
    query = (
        select(wanted.c.hash, wanted.c.client_id)
        .where(wanted.c.hash.in_(hashes))
        .order_by(wanted.c.in_use.desc(), wanted.c.client_id)
    )
    for hash_, client_id in db.session.execute(query):
        found.setdefault(hash_, []).append(client_id)
    return found


def _current(clients: dict[str, list[int]]) -> dict[int, Any]:
    """Of each address the client whose data it is, as it is now, by id."""
    firsts = [client_ids[0] for client_ids in clients.values()]
    query = select(*PROFILE).where(Client.id.in_(firsts))
    return {row.id: row for row in db.session.connection().execute(query)}


class _Follower:
    """The consequences of one member; each client changed in a transaction, and an operation, of its own."""

    def __init__(
        self,
        run: Progress,
        row: Any,
        known: Any,
        clients: dict[str, list[int]],
        current: dict[int, Any],
        fields: Fields,
        dry_run: bool,
    ):
        self.run, self.row, self.known, self.fields, self.dry_run = run, row, known, fields, dry_run
        self.current = current
        self.ids = clients.get(row.hash, [])
        self.moved_ids = clients.get(row.moved_from, []) if row.moved_from else []
        self.changed: set[int] = set()

    def follow(self) -> set[int]:
        if self.row.status == "unsubscribed":
            self._opted_out()
        elif self.row.status == "cleaned":
            self._bounced()
        elif self.row.status == "subscribed" and self.known is not None:
            self._came_back()
        if self.row.moved_from:
            self._moved()
        if self.row.status in ("subscribed", "pending"):
            self.changed |= follow_profile(
                self.run,
                self.row,
                self.ids or self.moved_ids,
                self.current,
                self.fields,
                self._change,
                self.dry_run,
            )
        return self.changed

    def _opted_out(self) -> None:
        if self.known is not None:
            return
        when = self.row.changed_at or utc_now()

        def opt_out(client: Client) -> None:
            if client.consent is not False:
                client.consent, client.consent_at = False, when
                client.consent_source, client.consent_by_id = SOURCE, None
                self.run.count("opted_out")
                self.run.note(_("%(name)s: unsubscribed in Mailchimp, no consent any more", name=client.name))

        self._change_all([*self.ids, *self.moved_ids], opt_out)
        if not self.dry_run:
            suppress(self.row.hash, "unsubscribed", SOURCE, when)

    def _bounced(self) -> None:
        if self.known is not None:
            return

        def ask_owner(client: Client) -> None:
            if client.archived_at or client.deleted_at:
                return
            self.run.count("bounced")
            self.run.note(_("%(name)s: mail to %(email)s comes back", name=client.name, email=self.row.email))
            # a task is read by more people than may see the address of a sensitive client
            title = (
                _("The e-mail address does not work: ask for another one")
                if client.sensitive
                else _(
                    "The e-mail address %(email)s does not work: ask for another one", email=self.row.email
                )
            )
            task = Task(title=title[:200], client_id=client.id, due=utc_now(), priority="normal")
            if client.responsible:
                task.assignees = [client.responsible]
            if not self.dry_run:
                db.session.add(task)

        if not self.dry_run:  # together with the task, so that nobody gets two
            suppress(self.row.hash, "cleaned", SOURCE, self.row.changed_at)
        self._change_all(self.ids[:1], ask_owner)
        if not self.dry_run:
            suppress(self.row.hash, "cleaned", SOURCE, self.row.changed_at)

    def _came_back(self) -> None:
        """Only an opt-in by the person, later than the opt-out, counts; a status alone does not."""
        opted_in = self.row.opted_in_at
        if self.known.reason not in OWN_WORD or opted_in is None or opted_in <= self.known.since:
            self.run.note(
                _("%(email)s: subscribed in Mailchimp again, but not by the person", email=self.row.email)
            )
            return

        def opt_in(client: Client) -> None:
            if client.consent is False and (client.consent_at is None or client.consent_at < opted_in):
                client.consent, client.consent_at = True, opted_in
                client.consent_source, client.consent_by_id = SOURCE, None
                self.run.count("opted_in")
                self.run.note(_("%(name)s: subscribed again at Mailchimp's form", name=client.name))

        self._change_all(self.ids, opt_in)
        if not self.dry_run:
            lift(self.row.hash)

    def _moved(self) -> None:
        def move(client: Client) -> None:
            if problem := mistakes({"email": self.row.email}).get("email"):
                raise RuleError(problem, "email")
            if client.email and subscriber_hash(client.email) == self.row.moved_from:
                client.email = self.row.email
                self.run.count("moved")
                self.run.note(
                    _("%(name)s: new e-mail %(email)s from Mailchimp", name=client.name, email=self.row.email)
                )

        self._change_all(self.moved_ids, move)

    def _change_all(self, client_ids: list[int], change: Callable[[Client], None]) -> None:
        for client_id in client_ids:
            self._change(client_id, change)

    def _change(self, client_id: int, change: Callable[[Client], None]) -> None:
        """Let `change` put one client right, logged. A client that was edited meanwhile is locked first."""
        try:
            with operation("mailchimp", client_id=client_id):
                query = select(Client).where(Client.id == client_id, Client.merged_into_id.is_(None))
                client = db.session.scalar(
                    query.with_for_update(of=Client).execution_options(populate_existing=True)
                )
                if client is None:
                    return
                change(client)
                if self.dry_run:
                    db.session.rollback()
                    return
                db.session.commit()
                self.changed.add(client_id)
        except HTTPException as error:  # a rule of the CRM is against it; the others get their turn
            db.session.rollback()
            self.run.count("errors")
            self.run.note(f"{client_id}: {error.description}")
        finally:
            db.session.expunge_all()
