"""Modules: groups of record types that an admin switches on and off. What is off keeps its data."""

from collections.abc import Iterable

from flask import g, has_request_context
from flask_babel import lazy_gettext as _

from crm.declaration_options import ALWAYS_ON, MODULES
from crm.registry import RecordType, registry
from crm.services.kept_settings import get_setting, keep_setting

KEY = "modules_off"

#: The modules that can be switched, with their words.
NAMES = {
    "sales": _("Sales"),
    "calendar": _("Calendar"),
    "tasks": _("Tasks"),
    "mail": _("Mail"),
    "helpdesk": _("Helpdesk"),
    "calls": _("Calls & chats"),
    "documents": _("Documents"),
}


def modules_off() -> frozenset[str]:
    """The modules that are switched off; asked once per request."""
    if has_request_context() and "modules_off" in g:
        return g.modules_off
    found = frozenset(get_setting(KEY) or ())
    if has_request_context():
        g.modules_off = found
    return found


def is_on(module: str) -> bool:
    return module in ALWAYS_ON or module not in modules_off()


def switch_modules(on: Iterable[str]) -> None:
    """Switch these modules on and all others that can be switched off. The caller commits."""
    wanted = set(on)
    keep_setting(KEY, sorted(m for m in MODULES if m not in ALWAYS_ON and m not in wanted))
    if has_request_context():
        g.pop("modules_off", None)


def records_on() -> list[RecordType]:
    """The record types of modules that are on."""
    return [record for record in registry() if is_on(record.module)]
