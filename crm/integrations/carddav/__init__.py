"""CardDAV (RFC 6352): the clients and contacts that a user sees as an address book, read only."""
