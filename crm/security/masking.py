"""What not everybody sees of a record: contact data and numbers of sensitive clients; and what follows a client
of a record that is everybody's, such as who supplies a product and for how much."""

from collections.abc import Iterable
from typing import Any

from flask import current_app, g, has_request_context
from flask_babel import gettext as _
from sqlalchemy import select

from crm.extensions import db
from crm.models.base import SeenByAll
from crm.models.client import Client
from crm.models.sensitive import MASK, is_at_sensitive_client, veil
from crm.registry import registry
from crm.security.viewer import find_viewer


def may_see_sensitive() -> bool:
    """Whether the current viewer may see the sensitive data of clients."""
    viewer = find_viewer()
    if viewer is None or viewer.mode == "nobody":
        return False
    if viewer.user_id is None:
        return viewer.mode == "all"
    if has_request_context() and getattr(g.get("user"), "id", None) == viewer.user_id:
        return current_app.appbuilder.sm.has_access("can_sensitive", "client")
    return current_app.appbuilder.sm.user_may(viewer.user_id, "can_sensitive", "client")


def secret_names(model: type) -> frozenset[str]:
    """The attributes of a model that are masked for a client marked sensitive."""
    record = registry().by_model.get(model)
    return record.guarded if record else frozenset()


def following_names(model: type) -> frozenset[str]:
    """The attributes of a model that only those see who see the row's client."""
    record = registry().by_model.get(model)
    return frozenset(a.key for a in record.follows_client) if record else frozenset()


def is_masked(item: Any, name: str) -> bool:
    """Whether the current viewer sees only a mask, in part or whole, for this attribute of this record."""
    if isinstance(item, SeenByAll):
        # the client of a row is loaded as far as the viewer sees it
        is_hidden = item.client_id is not None and item.client is None
        return is_hidden and name in following_names(type(item))
    if name not in secret_names(type(item)) or not is_at_sensitive_client(item):
        return False
    return not may_see_sensitive()


def shown(item: Any, name: str) -> Any:
    """The value of an attribute as the current viewer may see it."""
    value = getattr(item, name)
    if value in (None, "") or not is_masked(item, name):
        return value
    return veil(value) if name in registry().by_model[type(item)].veiled_names else MASK


def mask_words() -> str:
    """What a screen reader says for a mask."""
    return _("hidden")


def sensitive_clients(ids: Iterable[int | None]) -> set[int]:
    """Of these clients those that are marked sensitive, seen or not."""
    table = Client.__table__
    asked = select(table.c.id).where(table.c.id.in_({i for i in ids if i is not None}), table.c.sensitive)
    return set(db.session.connection().scalars(asked))
