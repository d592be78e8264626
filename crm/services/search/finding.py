"""The global search: what a query finds, by record type, with the clients that the hits belong to."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from crm.extensions import db
from crm.models import Client, SearchEntry
from crm.registry import Part, RecordType
from crm.services.search.entries import MOST_CANDIDATES, matches
from crm.services.search.kinds import parts_of

PER_TYPE = 8
LONGEST = 200


@dataclass(frozen=True)
class Hit:
    """One thing found.

    client: it, or the client it belongs to. via: the contact by whom a client was found.
    part: its record type, or the kind of that which it is; None for a client found by a contact.
    """

    entry: SearchEntry
    client: Client | None
    via: str = ""
    part: Part | None = None

    @property
    def id(self) -> int:
        return self.client.id if self.via and self.client else self.entry.row_id

    @property
    def title(self) -> str:
        return self.client.name if self.via and self.client else self.entry.title


@dataclass
class Group:
    """The hits of one record type. total: how many there are, as far as the search went."""

    record: RecordType
    hits: list[Hit] = field(default_factory=list)
    total: int = 0


def find(query: str, records: Sequence[RecordType], per_type: int = PER_TYPE) -> list[Group]:
    """What a query finds among these record types; types without hits are left out. Two statements, and one
    for the kinds of what has kinds."""
    groups = {record.key: Group(record) for record in records}
    if not query.strip() or not groups:
        return []
    found = _entries(query[:LONGEST], list(groups), per_type)
    client_ids = {entry.client_id for entry, _total in found if entry.client_id}
    clients = {c.id: c for c in db.session.scalars(select(Client).where(Client.id.in_(client_ids)))}
    parts = parts_of((entry.table_name, entry.row_id) for entry, _total in found)
    for entry, total in found:
        group = groups[entry.table_name]
        part = parts.get((entry.table_name, entry.row_id), Part(group.record))
        group.hits.append(Hit(entry, clients.get(entry.client_id or 0), part=part))
        group.total = total
    if "client" in groups and "contact" in groups:
        _add_clients_via_contacts(groups["client"], groups["contact"])
    return [group for group in groups.values() if group.hits]


def _entries(query: str, keys: Sequence[str], per_type: int) -> list[tuple[SearchEntry, int]]:
    """The first entries of each type by name, with how many the type has."""
    entry = aliased(SearchEntry)
    some = select(entry.id).where(entry.table_name.in_(keys), matches(query, entry))
    candidates = some.limit(MOST_CANDIDATES).subquery()
    by_type = {"partition_by": SearchEntry.table_name}
    ranked = (
        select(
            SearchEntry.id,
            func.row_number().over(order_by=(SearchEntry.name_key, SearchEntry.id), **by_type).label("place"),
            func.count().over(**by_type).label("total"),
        )
        .where(SearchEntry.id.in_(select(candidates.c.id)))
        .subquery()
    )
    asked = (
        select(SearchEntry, ranked.c.total)
        .join(ranked, ranked.c.id == SearchEntry.id)
        .where(ranked.c.place <= per_type)
        .order_by(SearchEntry.name_key, SearchEntry.id)
    )
    return [(row[0], row[1]) for row in db.session.execute(asked)]


def _add_clients_via_contacts(clients: Group, contacts: Group) -> None:
    """The clients of the contacts found follow those found by their own words."""
    known = {hit.id for hit in clients.hits}
    for hit in contacts.hits:
        if hit.client is not None and hit.client.id not in known:
            known.add(hit.client.id)
            clients.hits.append(Hit(hit.entry, hit.client, hit.entry.title))
            clients.total += 1
