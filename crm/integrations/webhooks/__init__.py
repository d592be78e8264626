"""Webhooks out: other systems told of changes, signed, until they have heard."""
