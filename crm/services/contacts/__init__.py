"""Contacts: which is the primary one, two made one, and persons who change sides."""
