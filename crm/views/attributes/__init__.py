"""Attributes: the admin's pages of them, and their values on forms, boxes and in the panel of filters."""
