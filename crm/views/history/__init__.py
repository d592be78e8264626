"""What was done and by whom, in words: operations, and the history of a record's fields."""
