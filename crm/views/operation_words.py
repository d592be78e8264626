"""What operations are called, and the tables whose rows they change."""

from flask_babel import lazy_gettext as _l

from crm.registry import registry
from crm.views.sentences import HEADLINES

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
}
TABLES = {
    "invoice_line": _l("Lines of invoices"),
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
}


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
