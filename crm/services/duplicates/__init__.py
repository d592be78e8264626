"""Clients that are likely the same: how they are compared, found while somebody types, and searched for at night."""
