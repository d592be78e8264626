"""An operation taken back, step by step, with a report of what was left alone."""
