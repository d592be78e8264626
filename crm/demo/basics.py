"""What demo clients need around them: users, tags, attributes, and something to do on the start page."""

from datetime import timedelta

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import func, select

from crm.demo import words
from crm.demo.company import add_company
from crm.extensions import db
from crm.models import AttributeDefinition, AttributeOption, Status, Tag, Task
from crm.models.folding import fold
from crm.models.types import utc_now
from crm.services.users import add_user

PASSWORD = "demo"
#: name -> (role, team, full name)
USERS = {
    "admin": ("Admin", None, "Ada Admin"),
    "office": ("Office admin", None, "Olga Office"),
    "alice": ("Sales rep", "North", "Alice Adams"),
    "bob": ("Sales rep", "North", "Bob Baker"),
    "charlie": ("Sales rep", "South", "Charlie Clark"),
    "vera": ("Read-only", None, "Vera Viewer"),
}
REPS = ("alice", "bob", "charlie")


def add_basics() -> None:
    """Add the demo users, company, tags, attributes and tasks that are missing. The caller commits."""
    _add_users()
    add_company()
    _add_tags_and_attributes()
    _add_alerts_and_own_tasks()


def _add_users() -> None:
    for name, (role, team, full_name) in USERS.items():
        if db.session.scalar(select(User.id).where(User.username == name)) is None:
            add_user(name, role, PASSWORD, team, full_name)


def _add_tags_and_attributes() -> None:
    for name, colour in (*words.TAGS, *words.CONTACT_TAGS):
        if db.session.scalar(select(Tag.id).where(Tag.name_key == fold(name))) is None:
            db.session.add(Tag(name=name, colour=colour))
    for applies_to, found in (("client", words.ATTRIBUTES), ("contact", words.CONTACT_ATTRIBUTES)):
        asked = select(AttributeDefinition.key).where(AttributeDefinition.applies_to == applies_to)
        there = set(db.session.scalars(asked))
        for position, (label, key, kind, group, options) in enumerate(found, start=1):
            if key not in there:
                listed = [AttributeOption(label=o, position=n) for n, o in enumerate(options)]
                definition = AttributeDefinition(
                    label=label, key=key, applies_to=applies_to, type=kind, group=group, options=listed
                )
                definition.position = position
                definition.sensitive = key in words.SENSITIVE_ATTRIBUTES
                definition.in_list = applies_to == "client" and position == 1
                db.session.add(definition)


def _add_alerts_and_own_tasks() -> None:
    """Make the start page of a first look show what it is for."""
    new = db.session.scalar(select(Status).where(Status.code == "new"))
    if new is not None and new.alert_days is None:
        new.alert_days = 30
    titles = ("Order new ring boxes", "Check the insurance papers", "Plan the autumn trade fair")
    if db.session.scalar(select(func.count(Task.id)).where(Task.title.in_(titles))) == 0:
        for name in ("admin", "office"):
            person = db.session.scalars(select(User).where(User.username == name)).one()
            for days, title in enumerate(titles, start=-1):
                task = Task(title=title, due=utc_now() + timedelta(days=3 * days, hours=2))
                task.assignees = [person]
                db.session.add(task)
