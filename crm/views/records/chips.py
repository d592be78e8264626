"""The filters that are set in a list of records, as chips: each in words, with the address of the list without it."""

from datetime import date
from typing import Any

from flask import request
from flask_babel import format_date
from flask_babel import gettext as _

from crm.extensions import db
from crm.models import Client
from crm.registry import RecordType
from crm.services.clients.redirects import followed
from crm.services.lists.listing import has_attributes
from crm.views.attributes.filter_panel import attribute_chips
from crm.views.templating import here

LONGEST_NUMBER = 18


def in_words(one: Any, value: str) -> str:
    """A filter with one of its values as people say it; an unreadable one as it was given."""
    if one.shape == "related":
        return one.chosen(value)
    if one.shape == "day":
        try:
            value = format_date(date.fromisoformat(value), "d MMM y")
        except ValueError:
            pass
    else:
        value = str(dict(one.options()).get(value, value))
    return f"{one.label}: {value}"


def client_chip(value: str) -> str:
    """The name of the client whose records are shown, where the viewer sees it."""
    readable = value.isascii() and value.isdigit() and len(value) <= LONGEST_NUMBER
    client = db.session.get(Client, followed(int(value))) if readable else None
    return client.name if client else _("One client")


def record_chips(record: RecordType, filters: dict[str, Any]) -> list[tuple[str, str]]:
    """(words, address without it) of every filter that is set; a kind is no chip but a tab."""
    args = request.args
    found = []
    if search := args.get("search", "").strip():
        found.append((_("Search: %(words)s", words=search), here(search=None, page=1)))
    if record.of_client and args.get("client"):
        found.append((client_chip(args["client"]), here(client=None, page=1)))
    for name, one in filters.items():
        values = [value for value in args.getlist(name) if value]
        for value in values:
            url = here(**{name: [other for other in values if other != value], "page": 1})
            found.append((in_words(one, value), url))
    if has_attributes(record):
        for name, rest, words in attribute_chips(record.key, args):
            found.append((words, here(**{name: rest, "page": 1})))
    return found
