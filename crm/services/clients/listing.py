"""A page of clients: filtered, sorted, with what a row shows loaded at once."""

from collections.abc import Collection, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import case, select
from sqlalchemy.orm import selectinload
from werkzeug.datastructures import MultiDict

from crm.errors import UnknownFilter
from crm.extensions import db
from crm.models import Client, SearchEntry, Status
from crm.security.masking import may_see_sensitive
from crm.services.attributes.order import AttributeOrder, order_asked
from crm.services.clients.filters import LONGEST_SEARCH, SEARCHED, filtered, values_of
from crm.services.lists.listing import LARGEST_PAGE, PAGE_SIZE, Page, whole
from crm.services.lists.order import Order
from crm.services.search.entries import is_match

#: By what clients can be sorted. An e-mail address is not for everybody to sort by: see `sortable`.
SORTS: dict[str, Any] = {
    "name": Client.name_key,
    "stars": Client.stars,
    "country": Client.billing_country,
    "created_at": Client.created_at,
    "last_activity_at": Client.last_activity_at,
    "email": Client.email,
}
#: The others have a value in every row; saying where blanks go would keep PostgreSQL from its indexes.
MAY_BE_BLANK = frozenset({"status", "email", "country"})
SECRET_SORTS = frozenset({"email"})
#: How many entries of the clients of one page are looked through for those that a search found.
MOST_ENTRIES = 2_000


def sortable() -> frozenset[str]:
    """By what the current viewer may sort: an order would give away what is masked."""
    return frozenset({*SORTS, "status"}) - (frozenset() if may_see_sensitive() else SECRET_SORTS)


def ordering(args: MultiDict[str, str]) -> Order | AttributeOrder:
    """The order of the rows that is asked for. Raises UnknownFilter."""
    if (by_attribute := order_asked("client", args)) is not None:
        return by_attribute
    sort, direction = args.get("sort", "").strip() or "name", args.get("dir", "").strip() or "asc"
    if sort not in sortable():
        raise UnknownFilter(_("The list cannot be sorted by “%(name)s”.", name=sort[:60]), field="sort")
    if direction not in ("asc", "desc"):
        raise UnknownFilter(_("A list is sorted “asc” or “desc”."), field="dir")
    column = _position_of_status() if sort == "status" else SORTS[sort]
    by = column.asc() if direction == "asc" else column.desc()
    if sort in MAY_BE_BLANK:
        # without a value is less than any: so it is on SQLite by itself, and its indexes serve it
        by = by.nulls_first() if direction == "asc" else by.nulls_last()
    if sort == "name":
        return Order([by, Client.id if direction == "asc" else Client.id.desc()], sort, direction)
    return Order([by, Client.name_key, Client.id], sort, direction)


def _position_of_status() -> Any:
    ids = db.session.scalars(select(Status.id).order_by(Status.position, Status.id))
    places = {number: place for place, number in enumerate(ids)}
    return case(places, value=Client.status_id) if places else Client.status_id


def page_of(args: MultiDict[str, str], columns: Collection[str] = ()) -> Page:
    """The page of clients that the query parameters ask for; unreadable ones give a message and no rows.

    columns: the names of those shown, as far as they need more than is loaded for every list.
    """
    try:
        number = whole(args, "page", 1, 100_000)
        size = whole(args, "page_size", PAGE_SIZE, LARGEST_PAGE)
        found = filtered(args)
        order = ordering(args)
    except UnknownFilter as error:
        return Page(
            (), 1, PAGE_SIZE, False, message=str(error.description), statement=select(Client).limit(0)
        )
    more = [selectinload(Client.external_ids)] if "external_id" in columns else []
    rows = clients(order.page(found, size + 1, (number - 1) * size).options(*more))
    return Page(rows[:size], number, size, len(rows) > size, order.sort, order.direction, "", found)


def clients(statement: Any) -> list[Client]:
    """The clients of a statement with their status, tags and assignees: three queries, however many."""
    loads = (selectinload(Client.tag_links), selectinload(Client.assignee_links))
    return list(db.session.scalars(statement.options(*loads)))


def via_contacts(args: MultiDict[str, str], rows: Sequence[Client]) -> dict[int, list[str]]:
    """Client id -> the names of the contacts by which alone a search found it."""
    values = values_of(args, "search")
    if not values or not rows:
        return {}
    asked = select(SearchEntry).where(
        SearchEntry.client_id.in_([client.id for client in rows]), SearchEntry.table_name.in_(SEARCHED)
    )
    own: set[int | None] = set()
    found: dict[int, list[str]] = {}
    for entry in db.session.scalars(asked.order_by(SearchEntry.name_key).limit(MOST_ENTRIES)):
        if not any(is_match(entry, value[:LONGEST_SEARCH]) for value in values):
            continue
        if entry.table_name == "client":
            own.add(entry.client_id)
        elif entry.client_id is not None:
            found.setdefault(entry.client_id, []).append(entry.title)
    return {client_id: titles[:2] for client_id, titles in found.items() if client_id not in own}
