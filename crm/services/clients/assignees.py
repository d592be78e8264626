"""Who looks after a client, changed one by one: the first is responsible, the order of the others stays."""

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import select

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Client
from crm.services.history.log import operation


def offered(client: Client) -> list[User]:
    """The active users who do not look after this client yet, by name."""
    there = [user.id for user in client.assignees]
    asked = select(User).where(User.active, User.id.not_in(there))
    return list(db.session.scalars(asked.order_by(User.first_name, User.last_name, User.id)))


def add_assignee(client: Client, user_id: int) -> None:
    """Let a user look after a client as well; the caller commits. Raises RuleError where they cannot."""
    user = db.session.get(User, user_id)
    if user is None or not user.active:
        raise RuleError(_("There is no such user."), field="add")
    _set(client, [*client.assignees, user])


def remove_assignee(client: Client, user_id: int) -> None:
    """Let a user look after a client no more; the caller commits."""
    _set(client, [user for user in client.assignees if user.id != user_id])


def make_responsible(client: Client, user_id: int) -> None:
    """Put an assignee first; the caller commits."""
    _set(client, sorted(client.assignees, key=lambda user: user.id != user_id))


def _set(client: Client, users: list[User]) -> None:
    with operation("change", client_id=client.id):
        client.assignees = users
        db.session.flush()
