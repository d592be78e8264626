"""Settings: all of them at a glance, and those with a page of their own."""
