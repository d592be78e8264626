"""Forms: made from a record type's columns, and the fields that they are made of."""
