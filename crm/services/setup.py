"""`flask crm init`: the database at its newest shape, with roles, permissions and defaults.

Run again, or by several processes at once, it comes to the same result: one holds a lock, the others wait.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.migration import MigrationContext
from flask import current_app
from flask_appbuilder.security.sqla.models import Permission, PermissionView, Role, ViewMenu
from flask_babel import force_locale
from flask_migrate import upgrade
from sqlalchemy import func, select

from crm.extensions import db
from crm.models import RelationshipType, Status
from crm.models.relationship import DEFAULT_RELATIONSHIP_TYPES
from crm.models.status import DEFAULT_STATUSES
from crm.registry import registry
from crm.security.roles import ADMIN, ROLES, permissions
from crm.security.visibility import as_system
from crm.services.history.log import operation
from crm.services.sales.company_defaults import write_company_defaults
from crm.services.table_statistics import refresh_statistics
from crm.services.undo.hidden import SETUP

ADVISORY_LOCK = 4_827_001
MIGRATIONS = Path(__file__).resolve().parent.parent.parent / "migrations"


def initialise() -> None:
    """Bring the database to head and write what a start needs."""
    with _one_at_a_time(), as_system():
        before = revision()
        upgrade(directory=str(MIGRATIONS))
        is_changed = before not in (None, revision())
        with operation(SETUP):
            write_roles()
            write_defaults()
            if is_changed:
                refresh_statistics()  # the new indexes are unknown to it
            db.session.commit()


def revision() -> str | None:
    """The migration that the database is at; None for an empty one."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if db.engine.dialect.name == "sqlite":
        with open(Path(current_app.config["CRM_INSTANCE"]) / ".init.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(select(func.pg_advisory_lock(ADVISORY_LOCK)))
        try:
            yield
        finally:
            connection.execute(select(func.pg_advisory_unlock(ADVISORY_LOCK)))


def write_roles() -> None:
    """Write the four roles with the permissions of `crm.security.roles`; other roles are left alone."""
    table = permissions(registry())
    table[ADMIN] |= {
        (permission, view.class_permission_name)
        for view in current_app.appbuilder.baseviews
        for permission in view.base_permissions or ()
    }
    known = _permission_views(set().union(*table.values()))
    for name in ROLES:
        role = db.session.scalar(select(Role).where(Role.name == name)) or Role(name=name)
        db.session.add(role)
        role.permissions = [known[pair] for pair in sorted(table[name])]
    if db.session.scalar(select(Role).where(Role.name == "Public")) is None:
        db.session.add(Role(name="Public"))
    db.session.flush()


def _permission_views(pairs: set[tuple[str, str]]) -> dict[tuple[str, str], PermissionView]:
    """The rows for these (permission, view) pairs; the missing ones are added."""
    names = {p.name: p for p in db.session.scalars(select(Permission))}
    views = {v.name: v for v in db.session.scalars(select(ViewMenu))}
    found = {(pv.permission.name, pv.view_menu.name): pv for pv in db.session.scalars(select(PermissionView))}
    for permission, view in sorted(pairs - set(found)):
        if permission not in names:
            names[permission] = Permission(name=permission)
        if view not in views:
            views[view] = ViewMenu(name=view)
        found[permission, view] = PermissionView(permission=names[permission], view_menu=views[view])
        db.session.add(found[permission, view])
    db.session.flush()
    return found


def write_defaults() -> None:
    """Add the first statuses, relationship types and what our company needs, where there are none at all."""
    with force_locale(current_app.config["BABEL_DEFAULT_LOCALE"]):
        if db.session.scalar(select(func.count(Status.id))) == 0:
            db.session.add_all(
                Status(position=n, **{**values, "name": str(values["name"])})
                for n, values in enumerate(DEFAULT_STATUSES)
            )
        if db.session.scalar(select(func.count(RelationshipType.id))) == 0:
            db.session.add_all(
                RelationshipType(label=str(label), inverse_label=str(inverse))
                for label, inverse in DEFAULT_RELATIONSHIP_TYPES
            )
        write_company_defaults()
