"""Adding a client, or changing the one that another system knows by an external ID; one, or a thousand.

The rows of a batch are written together, and apart only where the database refuses them together, so that
a row that fails takes no other with it. A row is found in the trash, where it is restored, and behind a
merge, where the target is changed. Whoever comes second with a new ID finds the client of who came first.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from crm.errors import Invalid
from crm.extensions import db
from crm.models import Client, ClientExternalId
from crm.security.manager import may
from crm.security.visibility import as_system, including_hidden
from crm.services.client_input import (
    LONGEST_EXTERNAL_ID,
    ClientInput,
    Words,
    later,
    made_up_name,
    problems,
    read_app_code,
    read_client,
    write_client,
)  # fmt: skip
from crm.services.history import operation
from crm.services.locking import GIVE_WAY
from crm.services.reading import Unreadable, read_text

MOST_ROWS = 1_000
ATTEMPTS = 8
WRAPPING = frozenset({"app_code", "external_id", "client"})


@dataclass
class Row:
    """One client to add or change, and the name under which another system knows it."""

    index: int
    app_code: str
    external_id: str
    given: ClientInput

    @property
    def key(self) -> tuple[str, str]:
        return self.app_code, self.external_id


@dataclass
class Outcome:
    """What became of one row: a client, or errors by field with the status that says what kind they are."""

    index: int
    client: Client | None = None
    app_code: str = ""
    created: bool = False
    restored: bool = False
    code: int = 200
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return self.client is None

    def brief(self) -> dict[str, Any]:
        """The outcome as a line of a batch's answer."""
        if self.client is None:
            return {"index": self.index, "code": self.code, "errors": self.errors}
        state = {"archived": self.client.archived, **({"restored": True} if self.restored else {})}
        return {"index": self.index, "id": self.client.id, "created": self.created, **state}


class _Again(Exception):
    """Somebody else has just changed what was found: look again."""


def upsert(documents: Sequence[Any], app_code: Any = None) -> list[Outcome]:
    """Add or change a client for each document, in order; the caller commits.

    documents: `{"external_id", "app_code"?, "client": {…}}`, or the client's fields beside the two.
    app_code: for documents that name none.
    """
    words = Words(may_add_tags=may("add", "tag"))
    outcomes: dict[int, Outcome] = {}
    rows = []
    for index, document in enumerate(documents):
        try:
            rows.append(read_row(index, document, words, app_code))
        except Invalid as error:
            outcomes[index] = Outcome(index, code=422, errors=error.errors)
    for part in _rounds(rows):
        _store(part, words, outcomes)
    return [outcomes[index] for index in range(len(documents))]


# -- reading


def read_row(index: int, document: Any, words: Words, default_app_code: Any = None) -> Row:
    """Read one document. Raises Invalid with all that is wrong."""
    if not isinstance(document, Mapping):
        raise Invalid({"client": [_("Send a JSON object.")]})
    wrapped = "client" in document
    fields = document["client"] if wrapped else {k: v for k, v in document.items() if k not in WRAPPING}
    errors: dict[str, list[str]] = {}
    if not isinstance(fields, Mapping):
        raise Invalid({"client": [_("Send a JSON object.")]})
    if wrapped:
        errors = {name: [_("There is no such field.")] for name in document if name not in WRAPPING}
    try:
        code = read_app_code(document.get("app_code", default_app_code))
    except Unreadable as error:
        code, errors["app_code"] = "", [str(error)]
    name = _read_external_id(document.get("external_id"), errors)
    given = ClientInput()
    try:
        given = read_client(fields, words.definitions)
    except Invalid as error:
        errors = {**error.errors, **errors}
    if (given.external_id and given.external_id[0] != name) or given.app_code not in ("", code):
        errors["external_id"] = [_("This cannot be changed.")]
    if errors:
        raise Invalid(errors)
    given.external_id = []
    return Row(index, code, name, given)


def _read_external_id(value: Any, errors: dict[str, list[str]]) -> str:
    try:
        name = read_text(value, LONGEST_EXTERNAL_ID) if value is not None else None
    except Unreadable as error:
        errors["external_id"] = [str(error)]
        return ""
    if not name:
        errors["external_id"] = [_("Please fill this in.")]
    return name or ""


# -- storing


def _rounds(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows in parts in which each ID stands once: a second row with it changes what the first made."""
    left = list(rows)
    while left:
        part, seen, again = [], set(), []
        for row in left:
            (again if row.key in seen else part).append(row)
            seen.add(row.key)
        # one order for everybody: two batches that wait for each other would wait for ever
        yield sorted(part, key=lambda row: row.key)
        left = again


def _store(rows: list[Row], words: Words, outcomes: dict[int, Outcome]) -> None:
    """Write rows together, and by halves where that fails."""
    for attempt in range(ATTEMPTS):
        try:
            with operation("upsert"), db.session.begin_nested():
                done = _write(rows, words)
                db.session.flush()
        except (_Again, IntegrityError, StaleDataError) as error:
            problem: Exception = error
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in GIVE_WAY:
                problem = error
                break
            problem = error
            time.sleep(0.02 * (attempt + 1))
        except (HTTPException, StatementError) as error:
            problem = error
            break
        else:
            outcomes.update({one.index: one for one in done})
            return
        if len(rows) > 1:
            break
    if len(rows) == 1:
        outcomes[rows[0].index] = _refused(rows[0], problem)
        return
    half = len(rows) // 2
    _store(rows[:half], words, outcomes)
    _store(rows[half:], words, outcomes)


def _refused(row: Row, problem: Exception) -> Outcome:
    """The outcome of a row that cannot be stored."""
    if isinstance(problem, HTTPException):
        errors = getattr(problem, "errors", None) or {"client": [str(problem.description)]}
        return Outcome(row.index, code=409 if problem.code == 409 else 422, errors=errors)
    if isinstance(problem, _Again | IntegrityError | StaleDataError | DBAPIError):
        return Outcome(row.index, code=409, errors={"client": [_("Somebody else has just changed this.")]})
    return Outcome(row.index, code=422, errors={"client": [_("A value is too large.")]})


def _write(rows: list[Row], words: Words) -> list[Outcome]:
    """Put rows on their clients, found or new; rows with something against them are left out and say so."""
    ids = _find([row.key for row in rows])
    clients = _load(set(ids.values()))
    words.learn((row.given for row in rows), clients.values())
    done, ready = [], []
    for row in rows:
        client = clients.get(ids[row.key]) if row.key in ids else Client()
        errors = _against(row, client, words)
        if errors is None:
            ready.append((row, client))
        else:
            done.append(errors)
    restored = _restore(client for _row, client in ready if client.deleted_at is not None)
    for row, client in ready:
        created = client.id is None
        if created:
            _begin(client, row, words)
        write_client(client, row.given, words)
        if not client.name:
            client.name = made_up_name(later(client, row.given))
        db.session.add(client)
        done.append(Outcome(row.index, client, row.app_code, created, client.id in restored))
    return done


def _against(row: Row, client: Client | None, words: Words) -> Outcome | None:
    """What stands against a row, as its outcome."""
    if client is None:
        # somebody else's: nothing more is said
        return Outcome(
            row.index, code=409, errors={"external_id": [_("Another client has this external ID.")]}
        )
    action = "edit" if client.id else "add"
    if not may(action, "client"):
        return Outcome(row.index, code=403, errors={"client": [_("You may not do this.")]})
    errors = problems(client, row.given, words)
    if not made_up_name(later(client, row.given)):
        errors["name"] = [_("Give at least one of name, e-mail, phone and mobile.")]
    return Outcome(row.index, code=422, errors=errors) if errors else None


def _begin(client: Client, row: Row, words: Words) -> None:
    """What a new client has beside what was sent."""
    if "kind" not in row.given.columns:
        person = any(row.given.columns.get(name) for name in ("first_name", "last_name", "pesel"))
        client.kind = "person" if person else "company"
    if not row.given.status:
        client.status = words.default_status
    client.external_ids.append(ClientExternalId(app_code=row.app_code, external_id=row.external_id))


def _find(keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """(app code, external ID) -> id of the client, of those that are known, whoever may see them.

    Of a client merged away it is the id of what it became.
    """
    known = ClientExternalId
    with including_hidden(), as_system() as session:
        asked = select(known.app_code, known.external_id, known.client_id).where(
            known.app_code.in_({code for code, _name in keys}),
            known.external_id.in_({name for _code, name in keys}),
        )
        wanted = set(keys)
        found = {
            (code, name): number for code, name, number in session.execute(asked) if (code, name) in wanted
        }
        ids = set(found.values())
        merged: dict[int, int] = {}
        while ids:
            onward = select(Client.id, Client.merged_into_id).where(
                Client.id.in_(ids), Client.merged_into_id.is_not(None)
            )
            steps = {one: other for one, other in session.execute(onward) if one not in merged}
            merged.update(steps)
            ids = set(steps.values())
    return {key: _end(number, merged) for key, number in found.items()}


def _end(number: int, merged: Mapping[int, int]) -> int:
    while number in merged:
        number = merged[number]
    return number


def _load(ids: set[int]) -> dict[int, Client]:
    """These clients, held until the transaction ends, of those that the caller sees; trashed ones too."""
    if not ids:
        return {}
    parts = (Client.tag_links, Client.assignee_links, Client.external_ids)
    with including_hidden():
        asked = (
            select(Client)
            .where(Client.id.in_(ids))
            .order_by(Client.id)
            .options(*(selectinload(part) for part in parts))
            .with_for_update(of=Client)
            .execution_options(populate_existing=True)
        )
        found = {client.id: client for client in db.session.scalars(asked)}
    if any(client.merged_into_id is not None for client in found.values()):
        raise _Again
    return found


def _restore(clients: Iterator[Client]) -> set[int]:
    """Bring clients back from the trash first: nothing can be attached to one that is in it."""
    ids = set()
    with including_hidden():
        for client in clients:
            client.deleted_at = None
            ids.add(client.id)
        if ids:
            db.session.flush()
    return ids
