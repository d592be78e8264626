"""Clients: list, board, card, form, filters, and what hangs on a client."""
