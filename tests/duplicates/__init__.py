"""Clients that are likely the same."""
