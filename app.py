"""The application, where `flask` and WSGI servers look for it."""

from crm import create_app

app = create_app()
