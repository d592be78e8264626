"""Setting up, starting, migrating, the demo."""
