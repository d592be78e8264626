"""The users that tests act as, by name."""

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select

from crm.extensions import db


def user(name: str) -> User:
    """Alice and Bob share a team, Charlie has none; office and vera are named after their roles."""
    return db.session.scalars(select(User).where(User.username == name)).one()
