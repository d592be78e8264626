"""Clients: the list, the card, the form."""

from crm.views.record import RecordView


class ClientView(RecordView):
    """The record view of clients."""
