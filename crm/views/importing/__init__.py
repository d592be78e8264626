"""Importing a file: the pages, and what is asked on them."""
