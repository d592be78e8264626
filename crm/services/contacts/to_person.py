"""A contact made a client of their own: a new one, or the one that the person was before becoming a contact."""

from collections.abc import Collection
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Column, Table, func, select
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import Change, Client, ClientAssignee, ClientExternalId, Contact, Operation, TimelineEntry
from crm.models.client import ADDRESS_PARTS
from crm.models.contact import PARTS
from crm.registry import registry
from crm.security.viewer import forget_viewers
from crm.security.visibility import including_hidden, sees_client
from crm.services.attributes.values import carry
from crm.services.clients.redirects import followed
from crm.services.clients.rules import REACHED_BY
from crm.services.clients.statuses import default_status
from crm.services.contacts.telling import tell, told_name
from crm.services.external_ids import is_taken
from crm.services.flags import raise_missing
from crm.services.history import log as history
from crm.services.history.bulk import dialect_of, rows_of, update_rows
from crm.services.history.change_values import unpacked
from crm.services.locking import hold_clients, hold_rows, patiently
from crm.services.merging.moves import references
from crm.services.merging.moving_rows import RowMoves, references_to
from crm.services.timeline.following import follow, rewrite_entries, rewrite_links

table = Contact.__table__
log = Change.__table__
operations = Operation.__table__


def become_client(contact_id: int, take: Collection[str] | None = None) -> tuple[int, int]:
    """Make a contact a client of their own; gives the numbers of the client and of the operation.

    take: keys of the record types whose records that name the contact go along; of `takable`, or all of them.
    Records that came with the person when they became a contact go back in any case. The caller commits.
    Raises NotFound, or RuleError where that cannot be; nothing is changed then.
    """
    contact = db.session.get(Contact, contact_id)
    if contact is None:
        raise NotFound(_("There is no such contact."))
    if not any(getattr(contact, name) for name in REACHED_BY if hasattr(contact, name)):
        raise RuleError(
            _("A client needs an e-mail or a phone. Give the contact one first."), field="contact"
        )
    offered = set(takable())
    if unknown := set(take or ()) - offered:
        raise RuleError(_("“%(name)s” cannot be taken along.", name=min(unknown)), field="take")
    session, from_id = db.session, contact.client_id

    def work() -> tuple[int, int]:
        with history.operation("to_client", client_id=from_id, from_id=from_id, contact_id=contact_id):
            return _become(session(), contact_id, from_id, offered if take is None else set(take))

    numbers = patiently(session, work)
    forget_viewers()
    return numbers


def takable() -> dict[str, Column[Any]]:
    """Key of the record types whose records can name a contact and may go along -> the column that names it.

    Papers of the company stay with it.
    """
    by_key = registry().by_key
    return {
        column.table.name: column
        for column in references_to(table)
        if column.nullable and column.table.name in by_key and not by_key[column.table.name].lines
    }


def naming(contact: Contact) -> dict[str, int]:
    """Key -> how many records of the contact's client name it, of those that can go along."""
    found = {}
    for key, column in takable().items():
        model: Any = registry().by_key[key].model
        mine = (column == contact.id) & (model.client_id == contact.client_id)
        found[key] = db.session.scalar(select(func.count(model.id)).where(mine)) or 0
    return {key: number for key, number in found.items() if number}


def person_before(contact: Contact) -> tuple[int, int] | None:
    """(client, operation) of the person that a contact was before, where that client still leads to the contact's.

    None too where the viewer did not see that client.
    """
    made = select(log.c.operation_id).where(
        log.c.table_name == table.name, log.c.row_id == contact.id, log.c.action == "insert"
    )
    asked = select(operations.c.id, operations.c.details).where(
        operations.c.id.in_(made), operations.c.kind == "to_contact", operations.c.undone_by_id.is_(None)
    )
    found = db.session.connection().execute(asked.order_by(operations.c.id.desc())).first()
    if found is None:
        return None
    source = found.details["source_id"]
    if followed(source) == source or followed(source) != contact.client_id:
        return None
    with including_hidden():
        return (source, found.id) if sees_client(source) else None


def _become(session: Session, contact_id: int, from_id: int, take: set[str]) -> tuple[int, int]:
    for column in references_to(table):
        hold_rows(session.connection(), column.table, column == contact_id)
    hold_clients(session.connection(), [from_id])
    session.expire_all()
    contact = session.get(Contact, contact_id, with_for_update={"of": Contact}, populate_existing=True)
    if contact is None or contact.client_id != from_id:
        raise StateConflict(_("The contact was moved or deleted meanwhile."))
    company, before = contact.client, person_before(contact)
    client = _as_it_was(session, before[0]) if before else Client(kind="person", status=default_status())
    _fill(client, contact, company, is_new=before is None)
    session.add(client)
    session.flush()
    carry(contact, client)
    session.flush()
    client_id, name = client.id, told_name(contact)
    moves = RowMoves(session, from_id, client_id)
    if before:
        _return(moves, before[1])
    _take(moves, contact_id, take)
    session.expire_all()
    session.expunge(contact)
    moves.drop(table, table.c.id == contact_id)
    number = history.operation_id(session)
    raise_missing(session, number)
    rewrite_entries(session, registry().by_model[Client], [client_id], number)
    rewrite_links(session, number)
    tell(session, number, "to_client", {from_id: name, client_id: name})
    history.add_details(session, to_id=client_id, moved=moves.moved)
    session.expire_all()
    return client_id, number


def _as_it_was(session: Session, client_id: int) -> Client:
    with including_hidden():
        client = session.get_one(Client, client_id, populate_existing=True)
    client.merged_into_id = None
    return client


def _fill(client: Client, contact: Contact, company: Client, is_new: bool) -> None:
    """What the contact says now counts; what it leaves blank, of a client that was one before, stays."""
    for name in ("first_name", "last_name", "position", "email", "phone", "mobile", "website"):
        if (value := getattr(contact, name)) and not (name == "mobile" and value == client.phone2):
            setattr(client, name, value)
    if contact.has_address:
        for part in ADDRESS_PARTS:
            setattr(client, f"billing_{part}", getattr(contact, part))
    client.name = client.name or contact.name
    client.sensitive = bool(client.sensitive or company.sensitive)
    client.tags = dict.fromkeys([*client.tags, *contact.tags])
    for one in contact.external_ids:
        if not is_taken(ClientExternalId, one.app_code, one.external_id):
            client.external_ids.append(
                ClientExternalId(app_code=one.app_code, external_id=one.external_id, alias=one.alias)
            )
    if is_new:
        client.description = contact.description
        client.language, client.billing_currency = company.language, company.billing_currency
    if not client.assignee_links:
        client.assignee_links = [ClientAssignee(user=user) for user in company.assignees]


def _take(moves: RowMoves, contact_id: int, take: set[str]) -> None:
    """Let go of the contact whatever names it: rows that go along become the client's, links to it end."""
    own = {Contact.__mapper__.relationships[name].mapper.local_table for name in PARTS}
    for column in references_to(table):
        rows = column.table
        if rows.name in take:
            mine = (column == contact_id) & (rows.c.client_id == moves.source)
            values = {"client_id": moves.target, column.name: None}
            step, number = update_rows(moves.session, rows, mine, values)
            _moved(moves, rows, step, number)
        if column.nullable and rows not in own:
            update_rows(moves.session, rows, column == contact_id, {column.name: None})
        else:
            moves.drop(rows, column == contact_id)


def _moved(moves: RowMoves, rows: Table, step: int, number: int) -> None:
    """Count rows that went to the client, with their entries and the rows that are part of them."""
    if not number:
        return
    session, operation = moves.session, history.operation_id(moves.session)
    moves.moved[rows.name] = moves.moved.get(rows.name, 0) + number
    follow(session, operation, step, rows, moves.source, moves.target)
    for part in references_to(rows):
        if part.table.name not in registry().by_key and "client_id" in part.table.c:
            theirs = part.in_(rows_of(operation, step, rows)) & (part.table.c.client_id == moves.source)
            update_rows(session, part.table, theirs, {"client_id": moves.target}, raise_version=False)


def _return(moves: RowMoves, operation: int) -> None:
    """What went to the company with the person, and is still there, comes back."""
    dialect = dialect_of(moves.session)
    columns: list[Column[Any]] = [*references(), TimelineEntry.__table__.c.client_id]
    for column in columns:
        rows = column.table
        went = select(log.c.row_id).where(
            log.c.operation_id == operation, log.c.table_name == rows.name, log.c.action == "update",
            unpacked(dialect, log.c.after, column) == moves.source,
            unpacked(dialect, log.c.before, column) == moves.target,
        )  # fmt: skip
        back = (column == moves.source) & rows.c.id.in_(went)
        step, number = update_rows(
            moves.session, rows, back, {column.name: moves.target}, raise_version=False
        )
        if number and rows is not TimelineEntry.__table__:
            moves.moved[rows.name] = moves.moved.get(rows.name, 0) + number
            follow(moves.session, history.operation_id(moves.session), step, rows, moves.source, moves.target)
