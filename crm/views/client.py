"""Clients: the list, the board, the card, the form. Each stands in a file of its own."""

from crm.views.archive import ClientRemoval
from crm.views.attribute_editing import AttributeEditing
from crm.views.attribute_filter_panel import AttributeFilterPages
from crm.views.card import ClientCard
from crm.views.client_assignees import ClientAssignees
from crm.views.client_editing import ClientFormPages
from crm.views.client_list import ClientListPages
from crm.views.client_marks import ClientMarks
from crm.views.export import ClientExport
from crm.views.kanban import KanbanPages
from crm.views.record import RecordView


class ClientView(
    ClientCard, ClientRemoval, ClientFormPages, ClientListPages, ClientExport, KanbanPages, ClientMarks,
    ClientAssignees, AttributeEditing, AttributeFilterPages, RecordView,
):  # fmt: skip
    """The record view of clients."""
