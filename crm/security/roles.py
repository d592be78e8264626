"""Who may do what: one table of role and permission, from which `flask crm init` writes the database."""

from collections.abc import Iterable

from crm.declaration_options import ACTIONS
from crm.registry import RecordType

ADMIN, OFFICE, REP, READER = ROLES = ("Admin", "Office admin", "Sales rep", "Read-only")

#: What can be done with records beyond their own actions.
MORE_ACTIONS = ("edit_any", "delete_any", "export")
#: What each role may do with the records of clients, and with the CRM's own (statuses, tags …).
RECORD_ACTIONS: dict[str, frozenset[str]] = {
    ADMIN: frozenset({*ACTIONS, *MORE_ACTIONS}),
    OFFICE: frozenset({*ACTIONS, *MORE_ACTIONS}),
    REP: frozenset(ACTIONS),
    READER: frozenset({"list", "show"}),
}
SETTING_ACTIONS: dict[str, frozenset[str]] = {
    ADMIN: frozenset({*ACTIONS, *MORE_ACTIONS}),
    OFFICE: frozenset({*ACTIONS, *MORE_ACTIONS}),
    REP: frozenset(),
    READER: frozenset(),
}
#: Taken away again, by record: a rep deletes no clients.
EXCEPT: dict[tuple[str, str], frozenset[str]] = {(REP, "client"): frozenset({"delete"})}

#: (of what, permission, roles): everything that is not one of a record's actions.
SPECIAL: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("client", "merge", (ADMIN, OFFICE, REP)),
    ("client", "bulk", (ADMIN, OFFICE, REP)),
    ("client", "sensitive", (ADMIN, OFFICE)),
    ("client", "id_images", (ADMIN, OFFICE)),
    ("client", "trash", (ADMIN, OFFICE)),
    ("client", "purge", (ADMIN,)),
    ("client", "import", (ADMIN, OFFICE)),
    ("invoice", "issue", (ADMIN, OFFICE, REP)),
    ("invoice", "cancel", (ADMIN, OFFICE, REP)),
    ("tag", "add", (ADMIN, OFFICE, REP)),
    ("attribute_definition", "add_option", (ADMIN, OFFICE)),
    ("work_time", "approve", (ADMIN, OFFICE)),
    ("saved_view", "share", (ADMIN, OFFICE)),
    ("operation", "undo", (ADMIN, OFFICE, REP)),
    ("operation", "undo_any", (ADMIN, OFFICE)),
    ("mailchimp", "list", (ADMIN, OFFICE)),
    ("mailchimp", "sync", (ADMIN, OFFICE)),
    ("carddav", "use", ROLES),
    ("settings", "list", (ADMIN, OFFICE)),
    ("settings", "edit", (ADMIN, OFFICE)),
    ("company", "list", (ADMIN, OFFICE)),
    ("company", "edit", (ADMIN, OFFICE)),
    ("jobs", "list", (ADMIN, OFFICE)),
    ("webhook", "edit", (ADMIN, OFFICE)),
    # a key may no more than its user
    ("api_key", "list", ROLES),
    ("api_key", "add", ROLES),
    ("api_key", "list_any", (ADMIN,)),
)

#: Flask-AppBuilder's pages about oneself.
OWN_ACCOUNT = (
    ("UserDBModelView", "userinfo"),
    ("UserDBModelView", "resetmypassword"),
    ("UserInfoEditView", "this_form_get"),
    ("UserInfoEditView", "this_form_post"),
    ("ResetMyPasswordView", "this_form_get"),
    ("ResetMyPasswordView", "this_form_post"),
    ("OpenApi", "get"),
    ("SwaggerView", "show"),
)


def permissions(records: Iterable[RecordType]) -> dict[str, set[tuple[str, str]]]:
    """Role -> the (permission name, of what) pairs it has; for Admin without Flask-AppBuilder's own views."""
    table: dict[str, set[tuple[str, str]]] = {role: set() for role in ROLES}
    for record in records:
        rules = SETTING_ACTIONS if record.is_setting else RECORD_ACTIONS
        for role in ROLES:
            taken = EXCEPT.get((role, record.key), frozenset())
            possible = record.actions.union(MORE_ACTIONS)
            table[role] |= {(f"can_{action}", record.key) for action in (rules[role] & possible) - taken}
    for what, permission, roles in SPECIAL:
        for role in roles:
            table[role].add((f"can_{permission}", what))
    for what, permission in OWN_ACCOUNT:
        for role in ROLES:
            table[role].add((f"can_{permission}", what))
    return table
