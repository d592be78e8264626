"""What operations are called, and the tables whose rows they change."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import String

from crm.models import Change, Client, Operation
from crm.registry import registry
from crm.security.masking import sensitive_clients
from crm.security.visibility import visible_client_ids
from crm.services.attributes import reveals as attribute_reveals
from crm.services.history.operations import Done
from crm.services.history.past_names import named
from crm.services.history.tracked_fields import tracked_columns, words_of_field
from crm.views.bulk import words as bulk_words
from crm.views.history.sentences import HEADLINES, LONGEST
from crm.views.records.values import url_of

ACTIONS = {"insert": _l("added"), "update": _l("changed"), "delete": _l("deleted"),
           "seen": _l("looked at"), "expired": _l("removed after their last day")}  # fmt: skip
#: Kinds of operations that are more than a change of rows, by what they are called.
KINDS = {
    "company": _l("Our company changed"),
    "invoice_issued": _l("Invoice issued"),
    "invoice_cancelled": _l("Invoice cancelled"),
    "invoice_corrected": _l("Correction of an invoice"),
    "not_duplicate": _l("Set aside as no duplicates"),
    "duplicate_again": _l("Counted as duplicates again"),
    "task.done": _l("Task ticked"),
    "work_time.timer": _l("Timer stopped"),
    "work_time.approve": _l("Work time approved"),
    "put_back": _l("Old value put back"),
    "import": _l("Import"),
    "purge": _l("Deleted for good"),
    "upsert": _l("Written by a program"),
    "tags": _l("Tags changed"),
    "statuses": _l("Statuses changed"),
    "ticket.status": _l("Ticket moved on"),
    "deal.stage": _l("Deal moved on"),
    "mailchimp": _l("Taken from Mailchimp"),
    "setup": _l("Set-up"),
    "demo": _l("Demo data"),
    "api_key.made": _l("API key made"),
    "api_key.revoked": _l("API key revoked"),
}
TABLES = {
    "invoice_line": _l("Lines of invoices"),
    "sale_line": _l("Lines of sales"),
    "attribute_option": _l("Words of attributes"),
    "email_attachment": _l("Attachments"),
    "email_client": _l("Further clients of e-mails"),
    "event_attendee": _l("Colleagues at events"),
    "event_contact": _l("Contacts at events"),
    "client_tag": _l("Tags of clients"),
    "contact_external_id": _l("External IDs of contacts"),
    "contact_tag": _l("Tags of contacts"),
    "client_assignee": _l("Assignees"),
    "client_external_id": _l("External IDs"),
    "attribute_value": _l("Attributes"),
    "id_image": _l("Pictures of ID cards"),
    "not_duplicate": _l("Clients that are no duplicates"),
    "timeline_entry": _l("Timeline"),
    "saved_view": _l("Views of lists"),
    "task_assignee": _l("Assignees of tasks"),
    "mailchimp_member": _l("Mailchimp"),
    "webhook": _l("Webhooks"),
    "mailchimp_proposal": _l("Proposals from Mailchimp"),
    "company": _l("Our company"),
    "setting": _l("Settings"),
}


@dataclass(frozen=True)
class Subject:
    """What an operation was about. words: the name of the one record, with its page where there is one, and the
    fields that it changed; or a file, or what was looked at or taken away."""

    words: str = ""
    url: str = ""
    fields: str = ""


def words_of_operation(operation: Operation) -> str:
    """What an operation did; of a bulk change, what it did to each client."""
    change = (operation.details or {}).get("change")
    if change in bulk_words.WORDS:
        return str(bulk_words.WORDS[change].done)
    return words_of_kind(operation.kind)


def subjects(found: Sequence[Done]) -> dict[int, Subject]:
    """Operation -> what it was about, where its first change is one of a record, and the viewer may know of it."""
    firsts = {
        one.operation.id: one.first
        for one in found
        if one.first is not None and one.first.table_name in registry().by_key
        and one.operation.kind != "import"
        and (one.operation.details or {}).get("change") not in bulk_words.WORDS
    }  # fmt: skip
    names = named((change.table_name, change.row_id) for change in firsts.values())
    gone = {change.client_id for change in firsts.values() if change.action == "delete"} - {None}
    seen, sensitive = visible_client_ids(gone), sensitive_clients(gone)
    result: dict[int, Subject] = defaultdict(Subject)
    result |= {one.operation.id: Subject(told) for one in found if (told := _noted(one.operation))}
    for number, change in firsts.items():
        name = names[change.table_name, change.row_id]
        if change.table_name == Client.__tablename__:
            # which client it is, stands beside it
            result[number] = Subject(fields=_fields(change))
        elif name.item is not None:
            result[number] = Subject(name.words, url_of(name.item), _fields(change))
        elif change.action == "delete" and (change.client_id is None or change.client_id in seen):
            result[number] = Subject(_title(change, change.client_id in sensitive))
    return result


def _noted(operation: Operation) -> str:
    """What was noted of an operation that is about no one record that is there: a file, or how many were read."""
    details = operation.details or {}
    if operation.kind == "purge":
        return str(details.get("name", ""))
    if operation.kind == "import":
        return str(details.get("file", ""))
    if operation.kind == "export":
        form = str(details.get("format", ""))
        parts = [table_words(details.get("table", "")), _count(details.get("records", 0))]
        return ", ".join([*parts, "vCard" if form == "vcf" else form.upper()])
    if operation.kind == attribute_reveals.SEEN and "count" in details:
        return f"{table_words(details.get('of', ''))}, {_count(details['count'])}"
    return ""


def _count(rows: int) -> str:
    return str(ngettext("%(num)d row", "%(num)d rows", rows))


def _fields(change: Change) -> str:
    """The fields that a change of a record changed."""
    record = registry()[change.table_name]
    after = (change.after or {}) if change.action == "update" else {}
    words = [
        words_of_field(record, name) for name, column in tracked_columns(record).items() if column in after
    ]
    return ", ".join(dict.fromkeys(map(str, words)))


def _title(change: Change, is_sensitive: bool) -> str:
    """What a deleted record was called: the first of its texts that are no secret of a sensitive client."""
    record, row = registry()[change.table_name], change.before or {}
    for attribute in (*record.search, *record.columns):
        column = record.mapper.columns.get(attribute.key)
        text = row.get(column.name) if column is not None and isinstance(column.type, String) else None
        if (
            text
            and attribute.key not in record.choices
            and not (is_sensitive and attribute.key in record.guarded)
        ):
            line = " ".join(text.split())
            return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
    return ""


def words_of_kind(kind: str) -> str:
    """The name of a kind of operation: `merge`, or `note.insert`."""
    if kind in HEADLINES:
        return str(HEADLINES[kind][0])
    if kind in KINDS:
        return str(KINDS[kind])
    table, _dot, action = kind.partition(".")
    if action in ACTIONS:
        return f"{table_words(table)}: {ACTIONS[action]}"
    return kind.replace("_", " ").capitalize()


def table_words(table: str) -> str:
    """What the rows of a table are called."""
    record = registry().by_key.get(table)
    if record is not None:
        return str(record.plural)
    return str(TABLES.get(table) or table.replace("_", " ").capitalize())
