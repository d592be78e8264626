"""Clients exported: those that a list's filters leave, in its order, as CSV, XLSX or vCard."""

from flask_babel import gettext as _
from sqlalchemy.orm import selectinload
from werkzeug.datastructures import MultiDict

from crm.database import transactions
from crm.models import Client
from crm.services.clients.columns import chosen
from crm.services.clients.filters import filtered
from crm.services.clients.listing import ordering
from crm.services.clients.table import Column, columns, rows
from crm.services.exporting.export import CARDS, FORMATS, Export, check_format, find, portions
from crm.services.exporting.vcards import vcards

LISTED, ALL = "listed", "all"
LOADS = tuple(selectinload(part) for part in (Client.tag_links, Client.assignee_links, Client.external_ids))


def prepare_clients(filters: MultiDict[str, str], file_format: str, which: str) -> Export:
    """The clients that the filters leave.

    filters: those of the list, with its sort and dir. which: columns of the list as it names them, those that it
    shows by itself (`listed`), or `all` fields. Raises UnknownFilter for what cannot be read, so that no more is
    exported than was asked for.
    """
    check_format(file_format, FORMATS)
    # read, and no more: that it is exported is logged beside it
    with transactions(read_only=True):
        wanted = _columns(which)
        ids = find(filtered(filters), ordering(filters), filters, format=file_format, columns=which)
    title, clients = _("Clients"), portions(Client, ids, LOADS)
    if file_format in CARDS:
        return Export(title, file_format, len(ids), cards=map(vcards, clients))
    table = (row for some in clients for row in rows(some, wanted))
    return Export(title, file_format, len(ids), [column.label for column in wanted], table)


def _columns(which: str) -> list[Column]:
    if which == ALL:
        return columns()
    args = MultiDict({} if which == LISTED else {"columns": which})
    shown = [column.name for column in chosen(args)]
    if "phone" in shown and which == LISTED:
        # a cell of the list shows one number, a file has room for both
        shown.insert(shown.index("phone") + 1, "mobile")
    return columns(shown)
