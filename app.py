"""The application, where `flask` and WSGI servers look for it."""

from crm import create_app
from crm.collecting import collect_seldom

app = create_app()
collect_seldom()
