"""What stands on a timeline, in words: a headline per kind of entry, and what changed from what to what."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from crm.models import AttributeValue, Change, Client
from crm.models.identifiers import is_email
from crm.models.sealed_values import OPEN_COLUMNS
from crm.security.masking import MASK, may_see_sensitive, secret_names
from crm.services.clients.words import KINDS, LABELS
from crm.services.history.encoding import decode_row
from crm.services.timeline.page import REFERENCES, Line, Names, merged_source
from crm.views.templating import day, moment

LONGEST = 80

#: Kind of operation -> (words, icon).
HEADLINES: dict[str, tuple[Any, str]] = {
    "created": (_l("Client added"), "fa-plus"),
    "change": (_l("Changed"), "fa-pen"),
    "status": (_l("Status changed"), "fa-flag"),
    "consent": (_l("Marketing consent changed"), "fa-envelope-open"),
    "archive": (_l("Archived"), "fa-box-archive"),
    "restore": (_l("Restored"), "fa-rotate-left"),
    "trash": (_l("Moved to the trash"), "fa-trash"),
    "contact_move": (_l("Contact moved"), "fa-user"),
    "contact_merge": (_l("Contacts merged"), "fa-code-merge"),
    "to_contact": (_l("A client became a contact"), "fa-user"),
    "to_client": (_l("A contact became a client"), "fa-user"),
    "merge": (_l("Merged"), "fa-code-merge"),
    "unmerge": (_l("Merge undone"), "fa-code-branch"),
    "undo": (_l("Undone"), "fa-rotate-left"),
    "sale.convert": (_l("Document made of another"), "fa-file-circle-plus"),
    "export": (_l("Exported"), "fa-download"),
}


@dataclass(frozen=True)
class Said:
    """One thing that changed: what, from what, to what; None where there was or is nothing.

    hidden: the viewer is not told the values.
    """

    label: str
    old: str | None = None
    new: str | None = None
    hidden: bool = False


def headline(line: Line) -> tuple[str, str]:
    """(words, icon) of a line."""
    if line.record is None or line.part is None:
        words, icon = HEADLINES[line.entry.kind]
        return str(words), icon
    _key, _dot, name = line.entry.kind.partition(".")
    if name:
        done = line.record.also_when[name][1]
        return f"{line.part.label} – {done}", "fa-check" if name == "done" else line.part.icon
    return " · ".join([str(line.part.label), *filter(None, line.told)]), line.part.icon


def text_of(line: Line, names: Names) -> str:
    """The text of a line beside its headline: of a record its own, of a merge the name of what was merged."""
    told, other = line.entry.summary, names.get(("client", merged_source(line) or 0), "")
    details = (line.operation.details or {}) if line.operation else {}
    if line.record is None and told and other and "from_id" in details:
        if line.entry.client_id == details["from_id"]:
            return _("%(contact)s, to %(client)s", contact=told, client=other)
        return _("%(contact)s, from %(client)s", contact=told, client=other)
    return told or other


def said(line: Line, names: Names, client: Client) -> list[Said]:
    """What a line's changes did to the client, each thing once."""
    found: list[Said] = []
    for change in line.changes:
        told = _client(change, names, client) if change.table_name == "client" else _part(change, names)
        found += [one for one in told if one not in found]
    return found


def _client(change: Change, names: Names, client: Client) -> list[Said]:
    if change.action != "update":
        return []
    table = Client.__table__
    before, after = decode_row(table, change.before or {}), decode_row(table, change.after or {})
    return [
        Said(str(label), hidden=True)
        if _is_hidden(client, name, before, after)
        else Said(str(label), _words(name, before.get(name), names), _words(name, after.get(name), names))
        for name, label in LABELS.items()
        if name in after
    ]


def _is_hidden(client: Client, name: str, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether the viewer is not told the values of a change of this column."""
    # a client that is sensitive no longer may have got its values while it was, by a merge that was taken back
    was_sensitive = before.get("sensitive") or after.get("sensitive")
    if not (client.sensitive or was_sensitive) or may_see_sensitive():
        return False
    if name == "name":
        # a client may have been called by its e-mail or phone
        told = [side["name"] for side in (before, after) if side.get("name")]
        return any(is_email(one) or not any(c.isalpha() for c in one) for one in told)
    return name in secret_names(Client)


def _part(change: Change, names: Names) -> list[Said]:
    before, after = change.before or {}, change.after or {}
    if change.table_name == "client_tag":
        return _came_or_went(change, _("Tag"), "tag_id", names)
    if change.table_name == "client_assignee":
        return _came_or_went(change, _("Assignee"), "user_id", names)
    if change.table_name == "client_external_id":
        label = _("External ID")
        told = Said(label, before.get("external_id"), after.get("external_id"))
        return [told] if told.old or told.new else []
    return _attribute(change, names)


def _came_or_went(change: Change, label: str, column: str, names: Names) -> list[Said]:
    if change.action == "update":
        return []
    was, came = change.action == "delete", change.action == "insert"
    name = _words(column, ((change.before if was else change.after) or {}).get(column), names)
    return [Said(label, name if was else None, name if came else None)]


def _attribute(change: Change, names: Names) -> list[Said]:
    table = AttributeValue.__table__
    # what is sealed is told to nobody here, whatever they may see elsewhere
    sealed = any(side.get("secret") for side in (change.before or {}, change.after or {}))
    before, after = (
        decode_row(table, {name: value for name, value in (side or {}).items() if name != "secret"})
        for side in (change.before, change.after)
    )
    definition = before.get("definition_id") or after.get("definition_id")
    label = names.get(("attribute", definition)) if definition else names.get(("value", change.row_id))
    label = label or _("Attribute")
    contact = before.get("contact_id") or after.get("contact_id")
    name = names.get(("contact", contact), "") if contact else names.get(("contact of value", change.row_id))
    if name is not None:
        label = f"{name or _('Contact')}: {label}"
    if sealed:
        old, new = (MASK if side and side.get("secret") else None for side in (change.before, change.after))
        return [Said(label, old, new)]
    old, new = (
        next((_words(name, side[name], names) for name in OPEN_COLUMNS if side.get(name) is not None), None)
        for side in (before, after)
    )
    return [Said(label, old, new)] if old != new else []


def _words(column: str, value: Any, names: Names) -> str | None:
    """A decoded value as people read it."""
    if value is None or value == "":
        return None
    if column in REFERENCES:
        return names.get((REFERENCES[column], value)) or _("deleted")
    if column == "kind":
        return str(KINDS.get(value, value))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, int | Decimal):
        return format_decimal(value)
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
