"""Clients: their list and board, their card, reading and writing one or a thousand, and what hangs on a client."""
