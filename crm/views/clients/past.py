"""The card of a client as of a date: how it stood at the end of that day, and what is otherwise today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import abort, flash, redirect, url_for
from flask_babel import get_timezone
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.models import AttributeDefinition, Client, Contact
from crm.models.client import NAMELESS
from crm.models.identifiers import is_email
from crm.registry import registry
from crm.security.masking import may_see_sensitive
from crm.services.attributes.values import definitions
from crm.services.clients.past import Past, Row, past_of
from crm.services.clients.redirects import find_target
from crm.services.clients.words import KINDS, LABELS, ROLES
from crm.services.history.past_names import Named, Ref, named
from crm.views.clients.card_details import details
from crm.views.history.past_values import EMPTY, MASKED, attribute_cell, other_cell
from crm.views.records.values import Cell, cell

#: What is shown of a contact.
CONTACT = ("position", "email", "phone", "mobile")
#: Later than anything that was done.
FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Then:
    """One labelled value as it was, and as it is."""

    label: Any
    old: Cell
    new: Cell

    @property
    def is_other(self) -> bool:
        return _words(self.old) != _words(self.new)


@dataclass(frozen=True)
class PastContact:
    """A contact as it was. is_other: whether it is otherwise today; is_gone: whether it is no longer there."""

    contact: Contact
    cells: list[tuple[Any, Cell]]
    is_other: bool
    is_gone: bool


def read_day(text: str) -> date:
    """The day that an address names; 400 for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        abort(400, description=_("There is no day “%(text)s”.", text=text[:20]))


def end_of(day: date) -> datetime:
    """The end of a day in the user's time zone; 400 for one that is beyond all calendars."""
    try:
        midnight = datetime.combine(day + timedelta(days=1), time.min)
        return get_timezone().localize(midnight).astimezone(UTC)
    except OverflowError:
        abort(400, description=_("There is no day “%(text)s”.", text=day.isoformat()))


def today() -> date:
    """The day that it is for the user."""
    return datetime.now(get_timezone()).date()


def past_card(view: Any, pk: int, client: Client | None, text: str) -> Response:
    """The page. client: the client if it is there; None where it was merged into another one since."""
    day = read_day(text)
    target = None if client is not None else (find_target(pk) or abort(404))
    if day > today():
        flash(_("This day is still to come."), "info")
        return redirect(url_for("ClientView.show", pk=target or pk))
    past = past_of(pk, end_of(day))
    if past is not None and past.client.merged_into_id is not None:
        return redirect(url_for("ClientView.show", pk=target, as_of=day.isoformat()))
    now = past_of(pk, FOREVER) if target is None else None
    leads_to = db.session.get(Client, target or pk)
    if past is not None and leads_to is not None and leads_to.sensitive:
        past.client.sensitive = True
    return view.render(
        "client/past.html", title=_("As of a date"), pk=pk, past=past, day=day, today=today(), target=target,
        name=_name(past.client if past else client), **(_values_of_page(past, now) if past else {}),
    )  # fmt: skip


def _values_of_page(past: Past, now: Past | None) -> dict[str, Any]:
    then = past.client
    names = named(_refs(past) | (_refs(now) if now else set()))
    record = registry()["client"]
    head = [
        Then(LABELS["kind"], *(Cell("text", KINDS[one.client.kind]) for one in (past, now or past))),
        Then(LABELS["status"], *(_status(one, names) for one in (past, now or past))),
        Then(LABELS["stars"], *(Cell("stars", one.client.stars) for one in (past, now or past))),
        Then(_("Roles"), *(_roles(one) for one in (past, now or past))),
        Then(LABELS["tags"], *(_list("tag", one.tags, names) for one in (past, now or past))),
        Then(LABELS["assignees"], *(_list("ab_user", one.users, names) for one in (past, now or past))),
    ]
    (_heading, first), *more = _groups(then, now.client if now else then)
    texts = [
        Then(LABELS[name], *(cell(record, one.client, name) for one in (past, now or past)))
        for name in ("notes", "description")
    ]
    return {
        "groups": [(_("Data"), [*head, *first]), *more, (_("Texts"), texts),
                   (_("Attributes"), _attributes(past, now or past, names))],
        "contacts": [_contact(past, one, now or past, names) for one in past.contacts],
        "sources": [(one, names["client", one]) for one in past.sources if not names["client", one].is_hidden],
    }  # fmt: skip


def _refs(past: Past) -> set[Ref]:
    """All that a client points at."""
    rows = [row for rows in past.values.values() for row in rows]
    tags = [*past.tags, *(one for some in past.contact_tags.values() for one in some)]
    return {
        *(("tag", one) for one in tags),
        *(("ab_user", one) for one in past.users),
        *(("client", one) for one in past.sources),
        *(("attribute_option", row["option_id"]) for row in rows if row.get("option_id")),
        *(("status", one) for one in (past.client.status_id,) if one is not None),
    }


def _status(past: Past, names: dict[Ref, Named]) -> Cell:
    number = past.client.status_id
    return EMPTY if number is None else other_cell(names["status", number])


def _roles(past: Past) -> Cell:
    found = [str(words) for name, words in ROLES.items() if getattr(past.client, name)]
    return Cell("text", ", ".join(found)) if found else EMPTY


def _list(table: str, ids: Sequence[int], names: dict[Ref, Named]) -> Cell:
    return Cell("text", ", ".join(names[table, one].words for one in ids)) if ids else EMPTY


def _groups(then: Client, now: Client) -> list[tuple[str, list[Then]]]:
    """The data by groups, as on the card, each beside what it is today."""
    sides = [dict(details(one)) for one in (then, now)]
    found = []
    for heading in dict.fromkeys([*sides[0], *sides[1]]):
        old, new = ({(one.field, str(one.label)): one for one in side.get(heading, ())} for side in sides)
        rows = [
            Then(
                (old.get(key) or new[key]).label,
                *(side[key].cell if key in side else EMPTY for side in (old, new)),
            )
            for key in dict.fromkeys([*old, *new])
        ]
        found.append((heading, rows))
    return found


def _attributes(past: Past, now: Past, names: dict[Ref, Named]) -> list[Then]:
    """The attributes that it had then, or has today."""
    return [
        Then(one.label, *(_attribute(one, side.values.get(one.id, []), names) for side in (past, now)))
        for one in definitions("client", active=False, options=False)
        if one.id in past.values or one.id in now.values
    ]


def _attribute(definition: AttributeDefinition, rows: list[Row], names: dict[Ref, Named]) -> Cell:
    if not rows:
        return EMPTY
    if definition.sensitive:
        return MASKED
    options = [row["option_id"] for row in rows if row.get("option_id")]
    return _list("attribute_option", options, names) if options else attribute_cell(definition, rows[0])


def _contact(past: Past, contact: Contact, now: Past, names: dict[Ref, Named]) -> PastContact:
    record = registry()["contact"]
    cells = [
        (record.label_of(name), cell(record, contact, name)) for name in CONTACT if getattr(contact, name)
    ]
    tags = past.contact_tags.get(contact.id, [])
    if tags:
        cells.append((_("Tags"), _list("tag", tags, names)))
    today = next((one for one in now.contacts if one.id == contact.id), None)
    shown = ("first_name", "last_name", "is_primary", *CONTACT)
    is_same = today is not None and all(getattr(today, name) == getattr(contact, name) for name in shown)
    return PastContact(contact, cells, not is_same, today is None)


def _name(client: Client | None) -> str:
    """What it was called; not by an e-mail or number that is hidden by now."""
    if client is None:
        return ""
    gives_away = is_email(client.name) or not any(c.isalpha() for c in client.name)
    return NAMELESS if gives_away and client.sensitive and not may_see_sensitive() else client.name


def _words(one: Cell) -> tuple[str, str]:
    return one.kind, str(one.value)
