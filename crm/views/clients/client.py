"""Clients: the list, the board, the card, the form. Each stands in a file of its own."""

from typing import NoReturn

from crm.views.attributes.editing import AttributeEditing
from crm.views.attributes.filter_panel import AttributeFilterPages
from crm.views.clients.archive import ClientRemoval
from crm.views.clients.assignees import ClientAssignees
from crm.views.clients.card import ClientCard
from crm.views.clients.editing import ClientFormPages
from crm.views.clients.kanban import KanbanPages
from crm.views.clients.list_page import ClientListPages
from crm.views.clients.marks import ClientMarks
from crm.views.export import ClientExport
from crm.views.page import client_gone
from crm.views.records.record import RecordView


class ClientView(
    ClientCard, ClientRemoval, ClientFormPages, ClientListPages, ClientExport, KanbanPages, ClientMarks,
    ClientAssignees, AttributeEditing, AttributeFilterPages, RecordView,
):  # fmt: skip
    """The record view of clients."""

    def gone(self, number: int) -> NoReturn:
        client_gone(number)
