"""The log of changes: written at every flush and by every statement on many rows, and read as history."""
