"""How long pages and changes of attributes take with 300 definitions and 100,000 clients.

python -m bench.attributes [--rows N] [--url postgresql+psycopg://…]
"""

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from bench import _own
from bench.card import measured
from crm.extensions import db
from crm.models import AttributeDefinition, AttributeValue, Change
from crm.security.visibility import as_system
from crm.services import key_rotation
from crm.services.attributes import changes as attribute_changes
from crm.services.undo.operation import undo

DEFINITIONS = 300
KEY = "favourite_metal"


def main() -> None:
    asked = _own.arguments(__doc__).parse_args()
    with _own.own_crm(asked, asked.rows) as app:
        client = add_definitions(app)
        browser = _own.signed_in(app, "office")
        for page in ("/crm/attributes/list/", "/crm/attributes/edit/1", f"/crm/attributes/edit/{number_of(app)}",
                     f"/crm/clients/show/{client}", f"/crm/clients/edit/{client}", "/crm/clients/add",
                     f"/crm/clients/attribute/{client}/{KEY}", f"/api/v1/clients/{client}"):  # fmt: skip
            print(f"{page:<44}{measured(browser, page):>24}")
        with app.app_context(), as_system():
            changes()


def add_definitions(app: Flask) -> int:
    """As many as are missing; gives the client that has most values."""
    with app.app_context(), as_system() as session:
        there = session.scalar(select(func.count()).select_from(AttributeDefinition)) or 0
        session.add_all(
            AttributeDefinition(label=f"Field {n}", type="text", group=f"Group {n % 20}")
            for n in range(there, DEFINITIONS)
        )
        session.commit()
        values = AttributeValue.__table__
        print("values:", session.connection().scalar(select(func.count()).select_from(values)))
        client, number = session.connection().execute(
            select(values.c.client_id, func.count()).where(values.c.contact_id.is_(None), values.c.client_id < 2000)
            .group_by(values.c.client_id).order_by(func.count().desc()).limit(1)
        ).one()  # fmt: skip
        print("values of the client shown:", number)
        return client


def number_of(app: Flask) -> int:
    with app.app_context(), as_system() as session:
        return session.scalars(select(AttributeDefinition.id).where(AttributeDefinition.key == KEY)).one()


def changes() -> None:
    """What an admin changes at every client that has a value."""
    session = db.session
    definition = session.scalars(select(AttributeDefinition).where(AttributeDefinition.key == KEY)).one()
    values = AttributeValue.__table__
    mine = select(func.count()).select_from(values).where(values.c.definition_id == definition.id)
    print(f"{KEY}: {session.connection().scalar(mine):,} values")
    timed("made sensitive", lambda: setattr(definition, "sensitive", True))
    timed("all sealed under a new key", lambda: print("   rows:", key_rotation.rotate()))
    timed("made open again", lambda: setattr(definition, "sensitive", False))
    timed("to text", lambda: attribute_changes.change_type(definition, "text"))
    last = session.scalar(select(func.max(Change.operation_id)))
    timed("undone", lambda: undo(last))
    definition = session.scalars(select(AttributeDefinition).where(AttributeDefinition.key == KEY)).one()
    timed("deleted", lambda: attribute_changes.delete_definition(definition))
    last = session.scalar(select(func.max(Change.operation_id)))
    timed("undone", lambda: undo(last))


def timed(what: str, work: Callable[[], Any]) -> None:
    print(f"{what:<44}{_own.timed(work)[1]:>20.1f} s")


if __name__ == "__main__":
    main()
