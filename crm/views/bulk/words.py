"""Bulk changes in words: what each is called, and what one of them did."""

from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select

from crm.extensions import db
from crm.models import Status
from crm.services.clients.filters import CONSENT_NAMES


@dataclass(frozen=True)
class Words:
    """label: on the button that begins it. action: on the button that does it. done: before what it set."""

    label: Any
    action: Any
    done: Any
    icon: str


WORDS = {
    "status_id": Words(_l("Status"), _l("Change status"), _l("Status"), "fa-flag"),
    "add_tag": Words(_l("Add tags"), _l("Add tags"), _l("Tags added"), "fa-tag"),
    "remove_tag": Words(_l("Remove tags"), _l("Remove tags"), _l("Tags removed"), "fa-tag"),
    "add_assignee": Words(
        _l("Add assignees"), _l("Add assignees"), _l("Assignees added"), "fa-user-plus"
    ),
    "remove_assignee": Words(
        _l("Remove assignees"), _l("Remove assignees"), _l("Assignees removed"), "fa-user-minus"
    ),
    "stars": Words(_l("Stars"), _l("Set stars"), _l("Stars"), "fa-star"),
    "consent": Words(
        _l("Marketing consent"), _l("Change consent"), _l("Marketing consent"), "fa-envelope-open"
    ),
    "task": Words(_l("Task for each"), _l("Add a task to each"), _l("Task added"), "fa-check-square"),
    "document": Words(
        _l("Document for each"), _l("Add a document to each"), _l("Document added"), "fa-file-lines"
    ),
    "archive": Words(_l("Archive"), _l("Archive"), _l("Archived"), "fa-box-archive"),
    "restore": Words(_l("Restore"), _l("Restore"), _l("Back from the archive"), "fa-box-open"),
    "delete": Words(_l("Delete"), _l("Move to the trash"), _l("Moved to the trash"), "fa-trash"),
}  # fmt: skip


def said(type: str, value: Any) -> str:
    """What a bulk change did, without whom to: `Status: Regular`."""
    words = str(WORDS[type].done)
    what = _value(type, value)
    return f"{words}: {what}" if what else words


def _value(type: str, value: Any) -> str:
    if type == "status_id":
        status = db.session.get(Status, int(value)) if str(value).isdigit() else None
        return status.name if status else _("No status")
    if type == "stars":
        return ngettext("%(num)d star", "%(num)d stars", int(value)) if int(value) else _("No stars")
    if type == "consent":
        return str(CONSENT_NAMES.get(value, value))
    if type in ("add_tag", "remove_tag"):
        return ", ".join(value)
    if type in ("add_assignee", "remove_assignee"):
        asked = select(User).where(User.username.in_(value))
        users = {user.username: user.get_full_name() for user in db.session.scalars(asked)}
        return ", ".join(users.get(name, str(name)) for name in value)
    if type == "task":
        return value["title"]
    return value["name"] if type == "document" else ""
