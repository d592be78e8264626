"""Flask-AppBuilder's security manager, asking for a user's permissions once per request."""

from typing import Any

from flask import Flask, current_app, g, has_request_context, request
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    ViewMenu,
    assoc_group_role,
    assoc_permissionview_role,
    assoc_user_group,
    assoc_user_role,
)  # fmt: skip
from flask_jwt_extended import JWTManager
from flask_login import LoginManager, current_user
from sqlalchemy import select, union

from crm.extensions import db
from crm.registry import RecordType, registry
from crm.security import api_keys, sessions, tokens
from crm.security.appbuilder_views import RoleModelView, UserDBModelView, UserGroupModelView
from crm.security.password_pages import ResetMyPasswordView, ResetPasswordView
from crm.security.signing_in import CRMAuthView
from crm.security.viewer import actor_id, find_viewer, finding_out
from crm.services.modules import is_on

#: Menu entries of Flask-AppBuilder's own pages, with the permission that opens each.
APPBUILDER_MENU = {
    "List Users": ("can_list", "UserDBModelView"),
    "List Roles": ("can_list", "RoleModelView"),
    "List Groups": ("can_list", "UserGroupModelView"),
}


class CRMSecurityManager(SecurityManager):
    authdbview = CRMAuthView
    userdbmodelview = UserDBModelView
    rolemodelview = RoleModelView
    groupmodelview = UserGroupModelView
    resetmypasswordview = ResetMyPasswordView
    resetpasswordview = ResetPasswordView
    #: Its charts are drawn by Google's servers.
    userstatschartview = None

    def create_login_manager(self, app: Flask) -> LoginManager:
        manager = super().create_login_manager(app)
        manager.login_view = f"{self.authdbview.__name__}.login"
        manager.login_message = None
        manager.user_loader(self.load_session_user)
        return manager

    def create_jwt_manager(self, app: Flask) -> JWTManager:
        return tokens.prepare(super().create_jwt_manager(app))

    def validate_api_key(self, api_key_string: str) -> Any:
        """The user of an API key, or None; 403 where its scopes do not cover the request."""
        user = api_keys.user_of_key(self._compute_lookup_hash(api_key_string))
        g._api_key_user = user is not None
        return user

    def load_session_user(self, pk: str) -> Any:
        """The user of a browser's session; None where it has ended."""
        with finding_out():
            return sessions.find_session_user(int(pk))

    def on_user_login(self, user: Any) -> None:
        if not request.path.startswith("/api/"):
            sessions.start_session(user)

    def reset_password(self, userid: int, password: str) -> None:
        """Give a user a new password, which ends all their sessions but the one it was done in."""
        super().reset_password(userid, password)
        if current_user and getattr(current_user, "id", None) == int(userid):
            sessions.start_session(self.get_user_by_id(int(userid)))

    def load_user(self, pk: int) -> Any:
        with finding_out():
            return super().load_user(pk)

    def has_access(self, permission_name: str, view_name: str) -> bool:
        """Whether the current user has this permission. Of menu entries: whether the page opens."""
        user = self._asking_user()
        if user is None or not user.is_active:
            return False
        if permission_name == "menu_access":
            return self._menu_access(user.id, view_name)
        return self.user_may(user.id, permission_name, view_name)

    def user_may(self, user_id: int, permission_name: str, view_name: str) -> bool:
        """Whether a user has this permission and the module it belongs to is on."""
        record = registry().by_key.get(view_name)
        if record is not None and not is_on(record.module):
            return False
        return (permission_name, view_name) in self.permissions_of(user_id)

    def permissions_of(self, user_id: int) -> set[tuple[str, str]]:
        """All (permission name, view name) pairs of a user, by roles and by the roles of groups."""
        known = g.setdefault("permissions", {}) if has_request_context() else {}
        if user_id not in known:
            known[user_id] = self._load_permissions(user_id)
        return known[user_id]

    @staticmethod
    def _load_permissions(user_id: int) -> set[tuple[str, str]]:
        roles = union(
            select(assoc_user_role.c.role_id).where(assoc_user_role.c.user_id == user_id),
            select(assoc_group_role.c.role_id)
            .join(assoc_user_group, assoc_user_group.c.group_id == assoc_group_role.c.group_id)
            .where(assoc_user_group.c.user_id == user_id),
        ).subquery()
        held, granted = assoc_permissionview_role.c, PermissionView.__table__.c
        pairs = (
            select(Permission.__table__.c.name, ViewMenu.__table__.c.name)
            .join(PermissionView.__table__, granted.permission_id == Permission.__table__.c.id)
            .join(ViewMenu.__table__, granted.view_menu_id == ViewMenu.__table__.c.id)
            .join(assoc_permissionview_role, held.permission_view_id == granted.id)
            .where(held.role_id.in_(select(roles.c.role_id)))
        )
        return {tuple(row) for row in db.session.execute(pairs)}

    def _menu_access(self, user_id: int, name: str) -> bool:
        if name in APPBUILDER_MENU:
            return self.user_may(user_id, *APPBUILDER_MENU[name])
        item = self.appbuilder.menu.find(name)
        if item is not None and item.childs:
            return any(self._menu_access(user_id, child.name) for child in item.childs)
        return self.user_may(user_id, "can_list", name)

    @staticmethod
    def _asking_user() -> Any:
        user = g.get("user") if has_request_context() else None
        if user is not None and user.is_authenticated:
            return user
        user = current_user._get_current_object()
        return user if user is not None and user.is_authenticated else None

    def get_user_menu_access(self, menu_names: list[str] | None = None) -> set[str]:
        user = self._asking_user()
        if user is None:
            return set()
        return {name for name in menu_names or [] if name != "-" and self._menu_access(user.id, name)}

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        """Nothing is public."""
        return False


def may(permission: str, what: str) -> bool:
    """Whether the current user has a permission: `may("merge", "client")`.

    Outside a request it is whoever work is done for; the system may do everything.
    """
    manager = current_app.appbuilder.sm
    asking = None if has_request_context() else find_viewer()
    if asking is None:
        return manager.has_access(f"can_{permission}", what)
    if asking.user_id is None:
        return asking.mode == "all"
    return manager.user_may(asking.user_id, f"can_{permission}", what)


def may_change(record: RecordType, item: Any, action: str) -> bool:
    """Whether the current user may edit or delete this record: any, or what they made themselves."""
    if not may(action, record.key):
        return False
    if record.locked and getattr(item, record.locked[0].key) and not may(record.locked[1], record.key):
        return False
    own_only = action == "delete" or record.own_edit
    return not own_only or may(f"{action}_any", record.key) or item.belongs_to(actor_id())


def may_write(record: RecordType, name: str) -> bool:
    """Whether the current user may write this field of a record type's records."""
    needed = record.restricted.get(name)
    return needed is None or may(needed, record.key)
