"""Clients: the list, the board, the card, the form. Each stands in a file of its own."""

from crm.views.client_editing import ClientFormPages
from crm.views.client_list import ClientListPages
from crm.views.client_marks import ClientMarks
from crm.views.kanban import KanbanPages
from crm.views.record import RecordView

#: Route -> the permission it needs, beside those of every record.
ROUTES = {**ClientListPages.LIST_ROUTES, **KanbanPages.KANBAN_ROUTES, **ClientMarks.MARK_ROUTES}


class ClientView(ClientFormPages, ClientListPages, KanbanPages, ClientMarks, RecordView):
    """The record view of clients."""

    more_routes = frozenset(ROUTES)
    method_permission_name = ROUTES
