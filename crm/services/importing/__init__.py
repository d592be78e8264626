"""Import: files of other systems and of our own read into records."""
