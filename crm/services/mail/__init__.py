"""Mails read as conversations, and addresses to write to."""
