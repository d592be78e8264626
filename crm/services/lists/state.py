"""How a list looks, as it stands in its address: filters, columns, sort and page size, in one spelling."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import Select
from werkzeug.datastructures import MultiDict

from crm.registry import RecordType
from crm.services.clients import filters as client_filters
from crm.services.clients import listing as client_listing
from crm.services.lists import listing

Args = MultiDict[str, str]
#: Where somebody is in a list is not how it looks.
FLEETING = frozenset({"page", "after"})
#: Of what is asked for that which is no filter.
LOOKS = ("columns", "sort", "dir", "page_size")
#: Values that mean the same as nothing.
PLAIN = {"dir": "asc", "page_size": str(listing.PAGE_SIZE)}
#: Lists with filters and an order of their own: key of the record type -> (filtered, ordering).
OWN: dict[str, tuple[Callable[[Args], Select[Any]], Callable[[Args], Any]]] = {
    "client": (client_filters.filtered, client_listing.ordering)
}


def state_of(args: Args) -> str:
    """The state of a list that has these query parameters, as a query string: the same for the same state."""
    pairs = []
    for name in sorted(set(args) - FLEETING):
        values = [value.strip() for value in args.getlist(name) if value.strip()]
        if name == "columns":
            values = [",".join(values)] if values else []
        pairs += [(name, value) for value in sorted(set(values)) if PLAIN.get(name) != value]
    return urlencode(pairs)


def parameters(state: str) -> Args:
    """The query parameters of a state."""
    return MultiDict(parse_qsl(state))


def filters_of(args: Args) -> Args:
    """Of a list's parameters those that say which records are meant, with their order."""
    return MultiDict([(n, v) for n, v in args.items(multi=True) if n != "columns" and n not in FLEETING])


def without_filters(args: Args) -> str:
    """The state of a list that looks the same and shows all."""
    return state_of(MultiDict([(n, v) for n, v in args.items(multi=True) if n in LOOKS]))


def statement_of(record: RecordType, args: Args) -> Select[Any]:
    """The records that a list with these parameters shows. Raises UnknownFilter for what cannot be read."""
    asked = filters_of(args)
    if record.key in OWN:
        filtered, ordering = OWN[record.key]
        ordering(asked)
        return filtered(asked)
    listing.ordering(record, asked)
    return listing.filtered(record, asked)
