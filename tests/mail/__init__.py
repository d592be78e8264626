"""E-mails, calls, chats, tickets."""
