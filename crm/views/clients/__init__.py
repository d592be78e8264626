"""Clients: list, board, card, form, and the pages for two of them."""
