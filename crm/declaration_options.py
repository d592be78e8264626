"""What a declaration can choose from: actions, modules, groups of the menu, tabs of the card."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

#: What can be done with a record: the routes that exist, and the names of its permissions.
ACTIONS = ("list", "show", "add", "edit", "delete")
CRUD = frozenset(ACTIONS)

#: Groups of record types that an admin switches on and off; `base` is always on.
MODULES = ("base", "sales", "calendar", "tasks", "mail", "helpdesk", "calls", "documents", "settings")
ALWAYS_ON = frozenset({"base", "settings"})

#: The groups of the menu and of + Add, in order; what is in none of them stands above.
GROUPS = {"sales": _l("Sales"), "work": _l("Work"), "communication": _l("Communication")}
#: Module -> the group in which its record types stand.
GROUP_OF_MODULE = {
    "sales": "sales",
    "calendar": "work",
    "tasks": "work",
    "mail": "communication",
    "helpdesk": "communication",
    "calls": "communication",
}


@dataclass(frozen=True)
class Tab:
    """A tab of a client's card. only_if: the yes-or-no column of the client that makes it appear."""

    label: Any
    only_if: str = ""


#: The tabs of a client's card that record types share, in order.
TABS = {
    "sales": Tab(_l("Sales")),
    "invoices": Tab(_l("Invoices")),
    "transactions": Tab(_l("Transactions")),
    "tasks": Tab(_l("Tasks & events")),
    "emails": Tab(_l("E-mails")),
    "files": Tab(_l("Files")),
    "products": Tab(_l("Products"), only_if="is_supplier"),
}
