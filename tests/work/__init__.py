"""Tasks, events, projects, work time."""
