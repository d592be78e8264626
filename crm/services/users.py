"""Users, as the command line makes them."""

from flask import current_app
from flask_appbuilder.security.sqla.models import Group, Role, User
from sqlalchemy import select
from werkzeug.security import generate_password_hash

from crm.errors import RuleError
from crm.extensions import db
from crm.security.roles import ROLES


def add_user(
    name: str, role: str, password: str, team: str | None = None, full_name: str | None = None
) -> User:
    """Add a user with one of the four roles, in a team where one is named. The caller commits."""
    if role not in ROLES:
        raise RuleError(f"There is no role {role}; choose one of {', '.join(ROLES)}.", field="role")
    if db.session.scalar(select(User.id).where(User.username == name)):
        raise RuleError(f"There is a user {name} already.", field="name")
    first, _, last = (full_name or name.capitalize()).partition(" ")
    user = User(
        username=name, first_name=first, last_name=last, email=f"{name}@example.invalid", active=True,
        roles=[db.session.scalars(select(Role).where(Role.name == role)).one()],
        password=hash_password(password),
    )  # fmt: skip
    db.session.add(user)
    if team:
        user.groups = [get_team(team)]
    db.session.flush()
    return user


def hash_password(password: str) -> str:
    """The hash that Flask-AppBuilder's login compares with."""
    config = current_app.config
    return generate_password_hash(
        password,
        method=config.get("FAB_PASSWORD_HASH_METHOD", "scrypt"),
        salt_length=config.get("FAB_PASSWORD_HASH_SALT_LENGTH", 16),
    )


def get_team(name: str) -> Group:
    """The group with this name, added where there is none."""
    team = db.session.scalar(select(Group).where(Group.name == name))
    if team is None:
        team = Group(name=name, label=name)
        db.session.add(team)
    return team


def all_users() -> list[User]:
    """Every user, those who may no longer sign in too, by name."""
    return list(db.session.scalars(select(User).order_by(User.first_name, User.last_name, User.id)))
