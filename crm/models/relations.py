"""What a many-to-one relation leads to before and after a change that is not flushed yet."""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect
from sqlalchemy.orm.attributes import set_committed_value

from crm.errors import RuleError
from crm.models.base import changes_of, has_changed


def changes(item: Any, *relations: str) -> bool:
    """Whether any of these relations is about to lead elsewhere; of a new row, whether it leads anywhere."""
    return any(has_changed(item, name) for r in relations for name in (r, f"{r}_id"))


def id_before(item: Any, relation: str) -> int | None:
    """The id that the relation has in the database."""
    history = changes_of(item, f"{relation}_id")
    return next((i for i in (*(history.deleted or ()), *(history.unchanged or ()))), None)


def id_after(item: Any, relation: str) -> int | None:
    """The id that the relation will have; None also where it leads to a row that has none yet."""
    if has_changed(item, relation):
        return getattr(getattr(item, relation), "id", None)
    return getattr(item, f"{relation}_id")


def settle_client(item: Any, *relations: str) -> None:
    """Keep an item and what it was put into at one client.

    Without a client of its own it takes that of what it is put into. Raises RuleError for what is at another
    client; what stood there before one of the two moved on stays.
    """
    if not changes(item, "client", *relations):
        return
    for name in relations:
        chosen = getattr(item, name)
        client_id = id_after(chosen, "client") if chosen is not None else None
        if client_id is None:
            continue
        if item.client is None and id_after(item, "client") is None:
            if chosen.client is not None:
                item.client = chosen.client
            else:
                # of a client that the viewer does not see there is only the number
                set_committed_value(item, "client", None)
                item.client_id = client_id
        elif id_after(item, "client") != client_id:
            raise RuleError(_("This is at another client."), field=name)


def take_along(item: Any, *collections: str) -> None:
    """Where an item goes to another client, what stood beside it in these collections goes too."""
    if not inspect(item).persistent or not changes(item, "client"):
        return
    before = id_before(item, "client")
    for name in collections:
        for part in getattr(item, name):
            if part.client_id == before:
                part.client = item.client
                take_along(part, *getattr(part, "PARTS", ()))
