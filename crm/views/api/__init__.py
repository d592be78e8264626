"""The REST API: one for every record type, those that do more, and the description of all of them."""
