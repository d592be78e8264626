"""What happened to a client, as entries kept at every change and read page by page."""
