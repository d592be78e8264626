"""The filters of clients: one table, the same for the list, the board, the API, bulk and export.

Each filter is a query parameter. One that nobody can read is refused with UnknownFilter, never ignored: a
bulk change or an export would otherwise reach more clients than were asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select
from werkzeug.datastructures import MultiDict

from crm.errors import UnknownFilter
from crm.extensions import db
from crm.models import Client, ClientAssignee, ClientTag, SearchEntry, Status, Tag, Task
from crm.models.client import KINDS, MAX_STARS
from crm.models.folding import fold
from crm.models.types import utc_now
from crm.security.visibility import viewer
from crm.services.attributes import filters as attribute_filters
from crm.services.clients import peppol, vat
from crm.services.clients.next_steps import no_contact_since
from crm.services.iso_lists import COUNTRIES, LANGUAGES
from crm.services.lists.bounds import beginning_of
from crm.services.lists.listing import PAGING
from crm.services.modules import is_on
from crm.services.reading import is_typed
from crm.services.search.entries import matches

NONE = "none"
LONGEST_SEARCH = 200
#: The record types by whose words a client is found.
SEARCHED = ("client", "contact")
MOST_VALUES = 200
ROLES = {"buyer": Client.is_buyer, "supplier": Client.is_supplier, "workshop": Client.is_workshop}
ROLE_NAMES = {"buyer": _l("Buyer"), "supplier": _l("Supplier"), "workshop": _l("Workshop")}
KIND_NAMES = {"person": _l("Person"), "company": _l("Company")}
CONSENTS = {"yes": True, "no": False, "unset": None}
CONSENT_NAMES = {"yes": _l("Yes"), "no": _l("No"), "unset": _l("Not asked")}
ARCHIVED = ("no", "yes", "all")
ARCHIVED_NAMES = {"no": _l("Hidden"), "yes": _l("Archived only"), "all": _l("Archived too")}
TAGS_MODES = ("any", "all")
NEXT_TASKS = {NONE: _l("None"), "overdue": _l("Overdue")}

Condition = ColumnElement[bool]


def unreadable(name: str, value: str) -> UnknownFilter:
    """What to raise for a value that a filter cannot read."""
    return UnknownFilter(
        _("The filter “%(name)s” cannot be “%(value)s”.", name=name, value=value[:60]), field=name
    )


# -- what each filter leaves


def _search(values: Sequence[str], _args: Any) -> Condition:
    # asked of the bare table: who is seen is decided once, for the clients, and not again for each entry
    entry = SearchEntry.__table__.alias().c
    clients = select(entry.client_id).where(entry.table_name.in_(SEARCHED))
    return Client.id.in_(clients.where(or_(*(matches(v[:LONGEST_SEARCH], entry) for v in values))))


def _one_of(name: str, values: Sequence[str], known: Any) -> list[str]:
    if wrong := next((value for value in values if value not in known), None):
        raise unreadable(name, wrong)
    return list(values)


def _ids(values: Sequence[str], _args: Any) -> Condition:
    for value in values:
        if not (value.isascii() and value.isdigit() and len(value) < 18):
            raise unreadable("ids", value)
    return Client.id.in_([int(value) for value in values])


def _kind(values: Sequence[str], _args: Any) -> Condition:
    return Client.kind.in_(_one_of("kind", values, KINDS))


def _status(values: Sequence[str], _args: Any) -> Condition:
    codes = [value for value in values if value != NONE]
    found = dict(db.session.execute(select(Status.code, Status.id).where(Status.code.in_(codes))).all())
    _one_of("status", codes, found)
    blank = [Client.status_id.is_(None)] if NONE in values else []
    return or_(Client.status_id.in_(found.values()), *blank) if found else or_(*blank)


def _stars(values: Sequence[str], _args: Any) -> Condition:
    known = [str(n) for n in range(MAX_STARS + 1)]
    return Client.stars.in_([int(value) for value in _one_of("stars", values, known)])


def _tags(values: Sequence[str], args: MultiDict[str, str]) -> Condition:
    mode = args.get("tags_mode", "").strip() or "any"
    _one_of("tags_mode", [mode], TAGS_MODES)
    keys = {fold(value): value for value in values}
    found = dict(db.session.execute(select(Tag.name_key, Tag.id).where(Tag.name_key.in_(keys))).all())
    if wrong := next((value for key, value in keys.items() if key not in found), None):
        raise unreadable("tags", wrong)
    link = ClientTag.__table__
    if mode == "any":
        return Client.id.in_(select(link.c.client_id).where(link.c.tag_id.in_(found.values())))
    return and_(*(Client.id.in_(select(link.c.client_id).where(link.c.tag_id == i)) for i in found.values()))


def _tags_mode(values: Sequence[str], _args: Any) -> Condition | None:
    _one_of("tags_mode", values, TAGS_MODES)
    return None


def _country(values: Sequence[str], _args: Any) -> Condition:
    codes = [value.upper() for value in values]
    return Client.billing_country.in_(_one_of("country", codes, COUNTRIES))


def _language(values: Sequence[str], _args: Any) -> Condition:
    return Client.language.in_(_one_of("language", [v.lower() for v in values], LANGUAGES))


def _role(values: Sequence[str], _args: Any) -> Condition:
    return or_(*(ROLES[value].is_(True) for value in _one_of("role", values, ROLES)))


def _assignee(values: Sequence[str], _args: Any) -> Condition:
    names = [value for value in values if value not in ("me", NONE)]
    found = dict(db.session.execute(select(User.username, User.id).where(User.username.in_(names))).all())
    _one_of("assignee", names, found)
    ids = set(found.values())
    if "me" in values:
        if (me := viewer().user_id) is None:
            raise unreadable("assignee", "me")
        ids.add(me)
    link = ClientAssignee.__table__
    either = [Client.id.in_(select(link.c.client_id).where(link.c.user_id.in_(ids)))] if ids else []
    # who sees clients by their assignees sees none without
    if NONE in values and viewer().mode not in ("few", "many"):
        either.append(~exists().where(link.c.client_id == Client.id))
    return or_(*either) if either else false()


def _days(name: str, values: Sequence[str]) -> list[date]:
    found = []
    for value in values:
        try:
            found.append(date.fromisoformat(value))
        except ValueError:
            raise unreadable(name, value) from None
        # a day at the very ends of the calendar has no midnight in UTC
        if not 1000 <= found[-1].year <= 9000:
            raise unreadable(name, value)
    return found


def _created_from(values: Sequence[str], _args: Any) -> Condition:
    return Client.created_at >= beginning_of(min(_days("created_from", values)))


def _created_to(values: Sequence[str], _args: Any) -> Condition:
    return Client.created_at < beginning_of(max(_days("created_to", values)) + timedelta(days=1))


def _last_contact_before(values: Sequence[str], _args: Any) -> Condition:
    return no_contact_since(beginning_of(max(_days("last_contact_before", values))))


def _archived(values: Sequence[str], _args: Any) -> Condition | None:
    wanted = set(_one_of("archived", values, ARCHIVED))
    if "all" in wanted or wanted == {"no", "yes"}:
        return None
    return Client.archived_at.is_not(None) if "yes" in wanted else Client.archived_at.is_(None)


def alerting() -> Condition:
    """The condition that a client has been in its status for longer than the status allows."""
    limits = db.session.execute(
        select(Status.id, Status.alert_days).where(Status.alert_days.is_not(None), Status.closed.is_(False))
    )
    now = utc_now()
    late = [
        and_(Client.status_id == number, Client.status_changed_at < now - timedelta(days=days))
        for number, days in limits
    ]
    return and_(Client.archived_at.is_(None), or_(*late)) if late else false()


def _alert(values: Sequence[str], _args: Any) -> Condition | None:
    wanted = set(_one_of("alert", values, ("yes", "no")))
    if len(wanted) == 2:
        return None
    return alerting() if "yes" in wanted else ~alerting()


def _consent(values: Sequence[str], _args: Any) -> Condition:
    return or_(*(Client.consent.is_(CONSENTS[value]) for value in _one_of("consent", values, CONSENTS)))


def _peppol(values: Sequence[str], _args: Any) -> Condition:
    return peppol.condition(_one_of("peppol", values, peppol.FILTERED))


def _vat_register(name: str) -> Callable[[Sequence[str], Any], Condition]:
    register = vat.REGISTERS[name]
    return lambda values, _args: vat.condition(name, _one_of(name, values, register.states))


def _next_task(values: Sequence[str], _args: Any) -> Condition:
    if not is_on("tasks"):
        raise UnknownFilter(_("There is no filter “%(name)s” here.", name="next_task"), field="next_task")
    wanted = _one_of("next_task", values, NEXT_TASKS)
    task = Task.__table__
    open_ones = exists().where(task.c.client_id == Client.id, task.c.done.is_(False))
    either = {NONE: ~open_ones, "overdue": open_ones.where(task.c.due < utc_now())}
    return or_(*(either[value] for value in wanted))


@dataclass(frozen=True)
class Filter:
    """One filter: its parameter, its label, what it leaves, and the words of its values where few."""

    name: str
    label: Any
    condition: Callable[[Sequence[str], Any], Condition | None]
    words: dict[str, Any] | None = None


FILTERS = {
    one.name: one
    for one in (
        Filter("search", _l("Search"), _search),
        Filter("ids", _l("Number"), _ids),
        Filter("kind", _l("Kind"), _kind, KIND_NAMES),
        Filter("status", _l("Status"), _status),
        Filter("stars", _l("Stars"), _stars),
        Filter("tags", _l("Tags"), _tags),
        Filter("tags_mode", _l("Tags"), _tags_mode),
        Filter("country", _l("Country"), _country),
        Filter("language", _l("Language"), _language),
        Filter("role", _l("Role"), _role, ROLE_NAMES),
        Filter("assignee", _l("Assignee"), _assignee),
        Filter("created_from", _l("Created from"), _created_from),
        Filter("created_to", _l("Created to"), _created_to),
        Filter("archived", _l("Archived"), _archived, ARCHIVED_NAMES),
        Filter("alert", _l("Needs attention"), _alert, {"yes": _l("Yes"), "no": _l("No")}),
        Filter("consent", _l("Marketing consent"), _consent, CONSENT_NAMES),
        Filter("peppol", _l("Peppol"), _peppol, peppol.FILTERED),
        *(Filter(name, one.label, _vat_register(name), one.states) for name, one in vat.REGISTERS.items()),
        Filter("next_task", _l("Next task"), _next_task, NEXT_TASKS),
        Filter("last_contact_before", _l("Last contact before"), _last_contact_before),
    )
}


def values_of(args: MultiDict[str, str], name: str) -> list[str]:
    """What a filter was given, without blanks and repetitions."""
    return list(dict.fromkeys(v for value in args.getlist(name) if (v := value.strip())))


def names_in(args: MultiDict[str, str]) -> list[str]:
    """The names of the filters among these query parameters, each once."""
    return [*(name for name in FILTERS if name in args), *(n for n in args if attribute_filters.is_name(n))]


def conditions(args: MultiDict[str, str]) -> list[Condition]:
    """What the filters among these query parameters leave. Raises UnknownFilter."""
    found: list[Condition] = []
    for name in args:
        if name in PAGING:
            continue
        if name not in FILTERS and not attribute_filters.is_name(name):
            raise UnknownFilter(_("There is no filter “%(name)s” here.", name=name[:60]), field=name)
        values = values_of(args, name)
        if len(values) > MOST_VALUES or not all(map(is_typed, values)):
            raise unreadable(name, _("too much"))
        if values and name in FILTERS and (condition := FILTERS[name].condition(values, args)) is not None:
            found.append(condition)
    found += attribute_filters.conditions("client", args)
    if not values_of(args, "archived"):
        found.append(Client.archived_at.is_(None))
    return found


def filtered(args: MultiDict[str, str]) -> Select[tuple[Client]]:
    """The clients that the filters among these query parameters leave. Raises UnknownFilter."""
    return select(Client).where(*conditions(args))


def is_filtered(args: MultiDict[str, str]) -> bool:
    """Whether any filter is set."""
    return any(values_of(args, name) for name in names_in(args))
