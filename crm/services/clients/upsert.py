"""Adding a client, or changing the one that another system knows by an external ID; one, or a thousand.

The rows of a batch are written together, and apart only where the database refuses them together, so that
a row that fails takes no other with it. A row is found in the trash, where it is restored, and behind a
merge, where the target is changed. Whoever comes second with a new ID finds the client of who came first.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from crm.errors import Invalid
from crm.extensions import db
from crm.models import Client, ClientExternalId, Tag
from crm.models.types import utc_now
from crm.security.manager import may
from crm.security.visibility import as_system, including_hidden
from crm.services.clients.reading import ClientInput
from crm.services.clients.redirects import all_followed
from crm.services.clients.upsert_rows import Outcome, Row, read_row
from crm.services.clients.writing import Words, begun, later, made_up_name, problems, write_client
from crm.services.history import link_rows
from crm.services.history.log import operation
from crm.services.locking import GIVE_WAY

MOST_ROWS = 1_000
ATTEMPTS = 8


class Again(Exception):
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
        except (Again, IntegrityError, StaleDataError) as error:
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
    if isinstance(problem, Again | IntegrityError | StaleDataError | DBAPIError):
        return Outcome(row.index, code=409, errors={"client": [_("Somebody else has just changed this.")]})
    return Outcome(row.index, code=422, errors={"client": [_("A value is too large.")]})


def _write(rows: list[Row], words: Words) -> list[Outcome]:
    """Put rows on their clients, found or new; rows with something against them are left out and say so."""
    ids = _find([row.key for row in rows])
    clients = load_held(set(ids.values()), _parts_named(rows))
    words.learn((row.given for row in rows), clients.values())
    done, ready = [], []
    for row in rows:
        client, given = clients.get(ids[row.key]) if row.key in ids else Client(), row.given
        if client is not None and client.id is None:
            given = begun(client, given, words)
        problem = _against(row, client, given, words)
        if problem is None:
            ready.append((row, client, given))
        else:
            done.append(problem)
    # new ones in one order for everybody; of rows that name one client, which is held already, the last counts
    ready.sort(key=lambda one: -1 if one[1].id is None else one[0].index)
    restored = restore(client for _row, client, _given in ready if client.deleted_at is not None)
    tags: dict[Client, list[Tag]] = {}
    with db.session.no_autoflush:
        for row, client, given in ready:
            created = client.id is None
            db.session.add(client)
            write_client(client, replace(given, tags=None), words)
            if given.tags is not None:
                # two rows may name one client; the later says what its tags are
                tags[client] = words.tags_named(given.tags)
            if created:
                _name(client, row.app_code, row.external_id)
            if not client.name:
                client.name = made_up_name(later(client, given))
            done.append(Outcome(row.index, client, row.app_code, created, client.id in restored))
        for client, wanted in tags.items():
            _put_tags(client, wanted)
    return done


def _put_tags(client: Client, tags: Sequence[Tag]) -> None:
    """Make these the tags of a client."""
    session, is_new = db.session(), client.id is None
    there = {} if is_new else {link.tag: link for link in client.tag_links}
    for tag in dict.fromkeys(tags):
        if tag not in there:
            link_rows.add(session, client, "tag_links", tag=tag)
    for tag in set(there) - set(tags):
        link_rows.remove(session, there[tag])
    if not is_new and set(tags) != set(there):
        client.changed_at = utc_now()
        session.expire(client, ["tag_links"])


def _name(client: Client, app_code: str, external_id: str) -> None:
    """Give a new client its name in another system, by which it is found too."""
    link_rows.add(db.session(), client, "external_ids", app_code=app_code, external_id=external_id)
    set_committed_value(
        client, "external_ids", [ClientExternalId(app_code=app_code, external_id=external_id)]
    )


def _against(row: Row, client: Client | None, given: ClientInput, words: Words) -> Outcome | None:
    """What stands against a row, as its outcome."""
    if client is None:
        # somebody else's: nothing more is said
        return Outcome(
            row.index, code=409, errors={"external_id": [_("Another client has this external ID.")]}
        )
    action = "edit" if client.id else "add"
    if not may(action, "client"):
        return Outcome(row.index, code=403, errors={"client": [_("You may not do this.")]})
    errors = problems(client, given, words)
    if not made_up_name(later(client, given)):
        errors["name"] = [_("Give at least one of name, e-mail, phone and mobile.")]
    return Outcome(row.index, code=422, errors=errors) if errors else None


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
    ends = all_followed(found.values())
    return {key: ends[number] for key, number in found.items()}


def _parts_named(rows: Iterable[Row]) -> list[Any]:
    """The collections of clients of which these rows say something."""
    given = [row.given for row in rows]
    named = {
        Client.tag_links: any(one.tags is not None for one in given),
        Client.assignee_links: any(one.assignees is not None for one in given),
    }
    return [part for part, is_named in named.items() if is_named]


def load_held(ids: set[int], parts: Iterable[Any]) -> dict[int, Client]:
    """These clients, held until the transaction ends, of those that the caller sees; trashed ones too.

    parts: the collections to load with them.
    """
    if not ids:
        return {}
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
        raise Again
    return found


def restore(clients: Iterable[Client]) -> set[int]:
    """Bring clients back from the trash first: nothing can be attached to one that is in it."""
    ids = set()
    with including_hidden():
        for client in clients:
            client.deleted_at = None
            ids.add(client.id)
        if ids:
            db.session.flush()
    return ids
