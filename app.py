"""The application, where `flask` and WSGI servers look for it."""

import gc

gc.disable()  # nothing that loading makes is garbage; looking for it would be a third of the start

from crm import create_app  # noqa: E402
from crm.collecting import collect_seldom  # noqa: E402

app = create_app()
collect_seldom()
