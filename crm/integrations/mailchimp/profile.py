"""Names and numbers that people changed in Mailchimp: blanks are filled, the rest is proposed."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, inspect, select, update
from sqlalchemy.orm import joinedload

from crm.errors import RuleError
from crm.extensions import db
from crm.integrations.mailchimp.sources import Fields, as_field
from crm.models import Client, MailchimpMember, MailchimpProposal
from crm.models.mailchimp import ACCEPTED, OPEN, REJECTED
from crm.models.types import utc_now
from crm.security.viewer import actor_id
from crm.services.clients import rules as client_rules
from crm.services.progress import Progress
from crm.services.reading import Unreadable, read_column

Change = Callable[[int, Callable[[Client], None]], None]


def follow_profile(
    run: Progress,
    row: Any,
    client_ids: list[int],
    current: Mapping[int, Any],
    fields: Fields,
    change: Change,
    dry_run: bool,
) -> set[int]:
    """Compare what is read with what was known; gives the clients whose blanks were filled.

    current: the clients as they are now, by id; one that has it all already is not locked for it.
    """
    known, read = row.fields, row.read_fields or {}
    news = {name: value for name, value in read.items() if value and (known or {}).get(name) != value}
    filled: set[int] = set()
    if not news or not client_ids:
        return filled
    is_first_sight = not news.keys() & (known or {}).keys()
    if is_first_sight and not _lacks(current.get(client_ids[0]), news, fields):
        return filled
    proposals: list[dict[str, Any]] = []
    settled: list[dict[str, Any]] = []

    def take(client: Client) -> None:
        for name, value in news.items():
            column = fields.column(name, client.kind)
            if not column:
                continue
            if _same(client, column, value):
                if name in (known or {}):
                    settled.append({"client_id": client.id, "field": column})
            elif problem := _problem(column, value):
                run.note(f"{client.name}: {value} – {problem}")
            elif not getattr(client, column):
                setattr(client, column, value)
                filled.add(client.id)
                run.count("filled")
                run.note(_("%(name)s: %(value)s from Mailchimp", name=client.name, value=value))
            elif name in (known or {}):  # at first sight the CRM's own value stands
                proposals.append({"client_id": client.id, "hash": row.hash, "field": column, "value": value})

    for client_id in client_ids[:1]:
        change(client_id, take)
    if not dry_run:
        _propose(run, proposals)
        _withdraw(settled)
    return filled


def _lacks(client: Any, news: dict[str, str], fields: Fields) -> bool:
    if client is None:
        return True
    columns = ((fields.column(name, client.kind), value) for name, value in news.items())
    return any(column and not _same(client, column, value) for column, value in columns)


def _problem(column: str, value: str) -> str:
    """Why a client cannot have this value; blank where it can."""
    try:
        read_column(inspect(Client).columns[column], value)
    except Unreadable as error:
        return str(error)
    return client_rules.mistakes({column: value}).get(column, "")


def _same(client: Any, column: str, value: str) -> bool:
    if column == "phone":
        own = {n for n in (client.phone_e164, client.mobile_e164, client.phone2_e164, client.phone) if n}
        return _digits(value) in {_digits(number) for number in own}
    return as_field(getattr(client, column)) == value


def _digits(number: str) -> str:
    return "".join(c for c in number if c.isdigit())[-9:]


def _propose(run: Progress, proposals: list[dict[str, Any]]) -> None:
    for values in proposals:
        same = {name: values[name] for name in ("client_id", "field")}
        query = select(MailchimpProposal).filter_by(**same, state=OPEN)
        proposal = db.session.scalar(query) or MailchimpProposal(**same)
        proposal.hash, proposal.value, proposal.state = values["hash"], values["value"], OPEN
        db.session.add(proposal)
        run.count("proposed")
    if proposals:
        db.session.commit()
        db.session.expunge_all()


def _withdraw(settled: list[dict[str, Any]]) -> None:
    """The person has changed it back to what the client has: there is nothing to decide any more."""
    for same in settled:
        if proposal := db.session.scalar(select(MailchimpProposal).filter_by(**same, state=OPEN)):
            db.session.delete(proposal)
    if settled:
        db.session.commit()
        db.session.expunge_all()


def open_proposals(client_id: int | None = None, limit: int = 50, offset: int = 0) -> list[MailchimpProposal]:
    """What the current viewer could decide about, newest first."""
    query = select(MailchimpProposal).where(MailchimpProposal.state == OPEN)
    query = query.options(joinedload(MailchimpProposal.client))
    if client_id is not None:
        query = query.where(MailchimpProposal.client_id == client_id)
    newest_first = query.order_by(MailchimpProposal.id.desc())
    return list(db.session.scalars(newest_first.limit(limit).offset(offset)))


def count_proposals() -> int:
    return (
        db.session.scalar(select(func.count(MailchimpProposal.id)).where(MailchimpProposal.state == OPEN))
        or 0
    )


def decide(proposal: MailchimpProposal, accept: bool) -> None:
    """Take the value over, or have the CRM's own sent back with the next sync. May raise RuleError."""
    if accept:
        if problem := _problem(proposal.field, proposal.value):
            raise RuleError(problem)
        setattr(proposal.client, proposal.field, proposal.value)
    else:
        member = MailchimpMember.__table__
        db.session.execute(update(member).where(member.c.hash == proposal.hash).values(payload_hash=None))
    proposal.state = ACCEPTED if accept else REJECTED
    proposal.decided_at, proposal.decided_by_id = utc_now(), actor_id()
    db.session.commit()
