"""Attributes that an admin defines, and the values that clients and contacts have."""
