"""Finding records by the beginnings of words: the entries as rows change, and the question asked of them."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    cast,
    column,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    table,
    tuple_,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session, aliased

from crm.extensions import db
from crm.models import SearchEntry
from crm.models.base import Base, SeenByAll, has_changed, touched
from crm.models.folding import SIGNS, WORD, fold, phone_words, words
from crm.models.search import EVERYBODY
from crm.models.sensitive import is_at_sensitive_client, veil
from crm.registry import RecordType, registry
from crm.security.masking import may_see_sensitive
from crm.services.clients.guarded import guarded_records
from crm.services.history.inserting import insert_many

MOST_CANDIDATES = 1_000
MOST_WORDS = 2_000

_fts = table("search_fts", column("rowid"), column("search_fts"))
#: With dashes of any length, as they are copied from pages and papers.
NUMBER = re.compile(r"(?:[a-z]{2})?[\d\s\-\u2010-\u2015\u2212./()+]+")


# -- writing


def _texts(value: Any) -> list[str]:
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, Iterable):
        return [getattr(one, "external_id", None) or str(one) for one in value]
    return [str(value)]


def _number(text: str) -> str | None:
    """The digits of a text that is a number in groups, such as a tax ID."""
    digits = re.sub(r"\D", "", text)
    return digits if len(digits) >= 5 and NUMBER.fullmatch(fold(text)) else None


def words_of(values: Iterable[Any]) -> list[str]:
    """The words under which these values are found."""
    found: list[str] = []
    for value in values:
        for text in _texts(value):
            found += words(text)
            if number := _number(text):
                found.append(number)
    return found


def _joined(found: Iterable[str]) -> str:
    return " ".join(list(dict.fromkeys(found))[:MOST_WORDS])


def entry_of(record: RecordType, item: Any) -> dict[str, Any]:
    """The search entry of one record, as a row of `search_entry`."""
    guarded = {a.key for a in (*record.secret, *record.veiled)}
    hidden = guarded if guarded and is_at_sensitive_client(item) else set()
    veiled = {a.key for a in record.veiled} & hidden
    found: dict[bool, list[str]] = {False: [], True: []}
    for attribute in record.search:
        value = getattr(item, attribute.key)
        found[attribute.key in hidden] += words_of([value])
        if attribute.key in veiled and value:
            found[False] += words_of([veil(value)])
    for attribute in record.phones:
        is_secret = attribute.key.removesuffix("_e164") in hidden
        found[is_secret] += phone_words(getattr(item, attribute.key))
    told = set(found[False])
    return {
        "table_name": record.key,
        "row_id": item.id,
        "client_id": item.history_client_id,
        "owner_id": EVERYBODY if isinstance(item, SeenByAll) else getattr(item, "created_by_id", None),
        "title": str(item)[:200],
        "name_key": (getattr(item, "name_key", None) or fold(str(item)))[:200],
        "words": _joined(found[False]),
        "secret_words": _joined(word for word in found[True] if word not in told),
    }


def _index_triggers(record: RecordType) -> set[str]:
    names = {a.key for a in (*record.search, *record.phones)}
    return names | {"client_id", "sensitive", "first_name", "last_name", "name"}


def _to_index(session: Session) -> dict[tuple[str, int], tuple[RecordType, Any]]:
    found = {(record.key, item.id): (record, item) for record, item in guarded_records(session)}
    by_model, dirty, owners = registry().by_model, session.dirty, _owners_of_words()
    # of the rows added just now a session does not know the ids yet
    fresh = {(type(item), item.id): item for item in session.new if type(item) in by_model}
    for item in (*session.new, *dirty):
        record = by_model.get(type(item))
        if record is None or not record.search:
            record, item = _owner_with_word_of(session, item, owners, fresh)
            if record is None:
                continue
        elif item in dirty:
            names = _index_triggers(record) & touched(item)
            if not has_changed(item, *names):
                continue
        found[record.key, item.id] = (record, item)
    for item in session.deleted:
        record, owner = _owner_with_word_of(session, item, owners, fresh)
        if record is not None:
            found[record.key, owner.id] = (record, owner)
    return found


def _owners_of_words() -> dict[type, tuple[RecordType, str]]:
    """Model -> the record type whose words include its rows, and the column that names the record.

    External IDs are words of their client or contact.
    """
    return {
        a.property.mapper.class_: (record, next(iter(a.property.remote_side)).key)
        for record in registry()
        for a in record.relationships(record.search)
    }


def _owner_with_word_of(
    session: Session,
    item: Any,
    owners: dict[type, tuple[RecordType, str]],
    fresh: dict[tuple[type, int], Any],
) -> tuple[RecordType | None, Any]:
    """The record whose words include this row, with its type; none where it is deleted too."""
    record, column = owners.get(type(item), (None, ""))
    number = getattr(item, column) if record is not None else None
    if record is None or not number:
        return None, item
    if any(type(gone) is record.model and gone.id == number for gone in session.deleted):
        return None, item
    known = fresh.get((record.model, number))
    return record, known if known is not None else session.get(record.model, number)


def index_rows(session: Session) -> None:
    """Bring the entries of what the current flush touched up to date."""
    with session.no_autoflush:
        entries = [entry_of(record, item) for record, item in _to_index(session).values() if item is not None]
    gone = [(i.__tablename__, i.id) for i in session.deleted if isinstance(i, Base)]
    old = [(e["table_name"], e["row_id"]) for e in entries] + gone
    write_entries(session, old, entries)


def write_entries(session: Session, old: Sequence[tuple[str, int]], entries: list[dict[str, Any]]) -> None:
    """Replace the entries of the rows named in `old` by these."""
    rows, connection = SearchEntry.__table__, session.connection()
    if old:
        connection.execute(delete(rows).where(tuple_(rows.c.table_name, rows.c.row_id).in_(old)))
    if entries:
        insert_many(connection, insert(rows), entries)


# -- asking


def terms_of(query: str) -> list[list[str]]:
    """Ways to read a query: each is a list of word beginnings that must all be found.

    Words with signs in them are also found apart, but not mail addresses; groups of digits also joined.
    """
    # a number copied from an address book may stand between marks of its direction, which nobody sees
    query = "".join(c for c in query if c.isspace() or unicodedata.category(c) != "Cf")
    terms = WORD.findall(fold(query))
    apart = [part for term in terms for part in ([term] if "@" in term else SIGNS.split(term))]
    readings = [terms] if terms else []
    readings += [apart] if apart != terms else []
    digits = _number(query)
    if digits:
        readings += [[digits]] + ([[digits.lstrip("0")]] if digits.startswith("0") else [])
    return readings


def matches(query: str, entry: Any = SearchEntry) -> ColumnElement[bool]:
    """The condition that a search entry is found by a query, as far as the viewer may know its words."""
    readings, secret = terms_of(query), may_see_sensitive()
    if not readings:
        return literal_column("1") == literal_column("0")
    if db.session.get_bind().dialect.name == "sqlite":
        columns = "{words secret_words}" if secret else "{words}"
        either = " OR ".join(
            "(" + " AND ".join(f'{columns} : "{term}" *' for term in terms) + ")" for terms in readings
        )
        return entry.id.in_(select(_fts.c.rowid).where(_fts.c.search_fts.op("MATCH")(either)))
    return or_(*(and_(*(_postgres_term(entry, t, secret) for t in terms)) for terms in readings))


def _postgres_term(entry: Any, term: str, secret: bool) -> ColumnElement[bool]:
    quoted = term.replace("\\", "\\\\").replace("'", "''")
    asked = cast(f"'{quoted}':*", TSQUERY)
    space = literal_column("' '")

    def vector(words_column: Any) -> Any:
        return func.array_to_tsvector(func.string_to_array(words_column, space))

    found = vector(entry.words).op("@@")(asked)
    return or_(found, vector(entry.secret_words).op("@@")(asked)) if secret else found


def is_match(entry: SearchEntry, query: str) -> bool:
    """Whether an entry at hand is found by a query: the same as `matches`, for the few of one page."""
    known = f"{entry.words} {entry.secret_words}" if may_see_sensitive() else entry.words
    there = known.split()
    return any(
        all(any(word.startswith(term) for word in there) for term in terms) for terms in terms_of(query)
    )


def search(query: str, keys: Collection[str], limit: int = 20) -> list[SearchEntry]:
    """The entries of these record types that a query finds, by name."""
    entry = aliased(SearchEntry)
    some = (
        select(entry.id).where(entry.table_name.in_(keys), matches(query, entry)).limit(MOST_CANDIDATES)
    ).subquery()
    return list(
        db.session.scalars(
            select(SearchEntry)
            .where(SearchEntry.id.in_(select(some.c.id)))
            .order_by(SearchEntry.name_key, SearchEntry.id)
            .limit(limit)
        )
    )
