"""The filters that are set, as chips: each in words, with the address of the page without it."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import format_date, ngettext
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from crm.extensions import db
from crm.models import Status
from crm.services.clients.filters import FILTERS, NONE, values_of
from crm.services.iso_lists import country_name, language_name
from crm.views.attributes.filter_panel import attribute_chips
from crm.views.templating import here

DAYS = ("created_from", "created_to", "last_contact_before")


def _users(args: MultiDict[str, str]) -> dict[str, str]:
    names = [name for name in values_of(args, "assignee") if name not in ("me", NONE)]
    if not names:
        return {}
    return {
        u.username: u.get_full_name()
        for u in db.session.scalars(select(User).where(User.username.in_(names)))
    }


def in_words(name: str, value: str, known: dict[str, dict[str, str]]) -> str:
    """A filter's value as people say it; an unreadable one as it was given."""
    if name in known and value in known[name]:
        return known[name][value]
    if words := FILTERS[name].words:
        return str(words.get(value, value))
    if name == "country":
        return country_name(value.upper())
    if name == "language":
        return language_name(value.lower())
    if name == "stars" and value.isascii() and value.isdigit():
        return ngettext("%(num)d star", "%(num)d stars", int(value[:3]))
    if name in DAYS:
        try:
            return format_date(date.fromisoformat(value), "d MMM y")
        except ValueError:
            return value
    return value


def _without(gone: dict[str, Any]) -> str:
    """The address of the page without these; one without any parameter would open with what was looked at last."""
    url = here(**gone)
    return url if "?" in url else f"{url}?page=1"


def chips(args: MultiDict[str, str], statuses: Iterable[Status]) -> list[tuple[str, str]]:
    """(words, address without it) of every filter that is set."""
    known = {
        "status": {**{s.code: s.name for s in statuses}, NONE: _("No status")},
        "assignee": {**_users(args), "me": _("Me"), NONE: _("Nobody")},
    }
    found: list[tuple[str, Any]] = []
    every_tag = args.get("tags_mode") == "all"
    for name, one in FILTERS.items():
        values = values_of(args, name) if name != "tags_mode" else []
        for value in values:
            others = [v for v in values if v != value] or None
            label = _("All tags") if name == "tags" and every_tag and len(values) > 1 else str(one.label)
            gone = {name: others, "page": None} | (
                {"tags_mode": None} if name == "tags" and not others else {}
            )
            found.append((f"{label}: {in_words(name, value, known)}", _without(gone)))
    for name, rest, words in attribute_chips("client", args):
        found.append((words, _without({name: rest, "page": None})))
    return found
