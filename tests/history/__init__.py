"""The log of changes: history, timeline, undo."""
