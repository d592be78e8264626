"""Every bulk change there is: what its value must be, who may do it, what it does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, true
from sqlalchemy.orm import Session

from crm.models import Client
from crm.services.bulk import records as bulk_records
from crm.services.bulk import statements
from crm.services.bulk import values as bulk_values
from crm.services.permissions import is_permitted

EDIT = ("edit", "client")


@dataclass(frozen=True)
class BulkType:
    """One kind of bulk change.

    read: makes what `apply` takes of a value. kind: of the operation. differs: of what read gives, the condition
    that a client would be changed. permission: what it needs beside that to change many at once.
    """

    kind: str
    read: Callable[[Any], Any]
    apply: Callable[[Session, Select[Any], Any], int]
    differs: Callable[[Any], ColumnElement[bool]]
    permission: tuple[str, str] = EDIT
    #: False where the value names what only a page has made just before.
    by_api: bool = True

    @property
    def is_allowed(self) -> bool:
        """Whether whoever acts may do it."""
        return is_permitted(*self.permission)


def _everybody(_wanted: Any) -> ColumnElement[bool]:
    return true()


TYPES: dict[str, BulkType] = {
    "status_id": BulkType(
        "status", bulk_values.status, statements.set_status, statements.has_other(Client.status_id)
    ),
    "add_tag": BulkType(
        "change", bulk_values.tags_to_add, statements.add_tags, statements.lacks_a_tag
    ),
    "remove_tag": BulkType("change", bulk_values.tags, statements.remove_tags, statements.has_a_tag),
    "add_assignee": BulkType(
        "change", bulk_values.users(active=True), statements.add_assignees, statements.lacks_an_assignee
    ),
    "remove_assignee": BulkType(
        "change", bulk_values.users(active=False), statements.remove_assignees, statements.has_an_assignee
    ),
    "stars": BulkType(
        "change", bulk_values.stars, statements.set_stars, statements.has_other(Client.stars)
    ),
    "consent": BulkType(
        "consent", bulk_values.consent, statements.set_consent, statements.has_other(Client.consent)
    ),
    "task": BulkType(
        "task.insert", bulk_values.task, bulk_records.add_tasks, _everybody, ("add", "task")
    ),
    "document": BulkType(
        "document.insert", bulk_values.document, bulk_records.add_documents, _everybody, ("add", "document"),
        by_api=False,
    ),
    "archive": BulkType(
        "archive", bulk_values.nothing, statements.archive, lambda _value: Client.archived_at.is_(None)
    ),
    "restore": BulkType(
        "restore", bulk_values.nothing, statements.restore, lambda _value: Client.archived_at.is_not(None)
    ),
    "delete": BulkType("trash", bulk_values.nothing, statements.trash, _everybody, ("delete", "client")),
}  # fmt: skip
