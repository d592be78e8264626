"""Record types: the one CRUD view of them all, and those whose pages do more."""
