"""The order of attributes, within their groups and across them, as an admin drags them."""

from collections.abc import Mapping, Sequence

from flask_babel import gettext as _

from crm.errors import RuleError
from crm.extensions import db
from crm.models import AttributeDefinition
from crm.services.attributes.values import definitions
from crm.services.history import log as history

LONGEST_GROUP = AttributeDefinition.__table__.c.group.type.length


def arrange(kind: str, groups: Sequence[tuple[str, Sequence[int]]]) -> None:
    """Put the attributes of clients or contacts into these groups, in this order. The caller commits.

    groups: (name, blank for none; numbers of its attributes). What nobody names follows as it was.
    """
    there = {one.id: one for one in definitions(kind, active=False, options=False)}
    wanted = [(number, name) for name, ids in groups for number in ids]
    if (
        len({number for number, _name in wanted}) != len(wanted)
        or not {n for n, _name in wanted} <= there.keys()
    ):
        raise RuleError(_("Somebody has changed the list meanwhile. Please reload the page."), field="groups")
    named: Mapping[int, str] = dict(wanted)
    order = [*(there[number] for number in named), *(one for one in there.values() if one.id not in named)]
    with history.operation("attributes"):
        for place, definition in enumerate(order):
            definition.position = place
            if definition.id in named:
                definition.group = named[definition.id] or None
        db.session.flush()


def read_groups(sent: object) -> list[tuple[str, list[int]]]:
    """The groups as a page sends them: `[{"name": …, "ids": […]}, …]`. Raises RuleError."""
    wrong = RuleError(_("This order cannot be read."), field="groups")
    if not isinstance(sent, list):
        raise wrong
    found = []
    for group in sent:
        name, ids = (group.get("name"), group.get("ids")) if isinstance(group, dict) else (None, None)
        if not isinstance(name, str) or len(name) > LONGEST_GROUP or not isinstance(ids, list):
            raise wrong
        if not all(type(number) is int for number in ids):
            raise wrong
        found.append((name.strip(), ids))
    return found
