"""A database with rows in it is brought to the newest shape and keeps them all."""

from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import inspect, text

from crm import create_app
from crm.extensions import db
from crm.models import AttributeDefinition, AttributeValue
from crm.models.base import Base
from crm.security.visibility import as_system
from crm.services.setup import MIGRATIONS, initialise
from tests.prepared import SETTINGS
from tests.setup.test_init import empty_database  # noqa: F401

NOW = "'2026-01-01 00:00:00'"
ROWS = (
    f"""INSERT INTO client (id, kind, name, name_key, is_buyer, is_supplier, is_workshop, use_delivery,
        sensitive, stars, status_changed_at, last_activity_at, created_at, changed_at, version)
        VALUES (1, 'company', 'Acme', 'acme', true, false, false, false, false, 0, {NOW}, {NOW}, {NOW},
        {NOW}, 1)""",
    f"""INSERT INTO attribute_definition
        (id, label, "key", type, position, required, in_list, active, created_at, changed_at, version)
        VALUES (1, 'Size', 'size', 'text', 0, false, false, true, {NOW}, {NOW}, 1)""",
    "INSERT INTO attribute_option (id, definition_id, label, position) VALUES (1, 1, 'Red', 0)",
    "INSERT INTO attribute_value (id, client_id, definition_id, slot, text) VALUES (1, 1, 1, 0, 'XL')",
    "INSERT INTO attribute_value (id, client_id, definition_id, slot, text) VALUES (7, 1, 1, 1, 'gone')",
    "DELETE FROM attribute_value WHERE id = 7",
)


def test_attributes_that_were_there_are_those_of_clients(empty_database: str, tmp_path: Any) -> None:  # noqa: F811
    app = create_app(SQLALCHEMY_DATABASE_URI=empty_database, CRM_INSTANCE=tmp_path, **SETTINGS)
    with app.app_context(), as_system():
        upgrade(directory=str(MIGRATIONS), revision="0004")
        with db.engine.begin() as connection:
            for statement in ROWS:
                connection.execute(text(statement))
        upgrade(directory=str(MIGRATIONS))
        definition, value = db.session.get(AttributeDefinition, 1), db.session.get(AttributeValue, 1)
        assert (definition.applies_to, definition.options[0].label) == ("client", "Red")
        assert (value.client_id, value.contact_id, value.text) == (1, None, "XL")
        keys = {
            index["name"]
            for index in inspect(db.session.connection()).get_indexes("attribute_value")
            if index["unique"]
        }
        assert len(keys) == 2
        if db.engine.dialect.name == "sqlite":
            new = AttributeValue(client_id=1, definition=definition, slot=3, text="new")
            db.session.add(new)
            db.session.commit()
            assert new.id == 8, "a number stands for one row for ever"
            assert db.session.scalar(text("PRAGMA foreign_keys")) == 1
        db.session.remove()
        db.engine.dispose()


def test_what_is_brought_to_the_newest_shape_knows_its_tables(empty_database: str, tmp_path: Any) -> None:  # noqa: F811
    """Plans over a new index are bad ones until the database has looked at it: a list took minutes."""
    app = create_app(SQLALCHEMY_DATABASE_URI=empty_database, CRM_INSTANCE=tmp_path, **SETTINGS)
    with app.app_context():
        upgrade(directory=str(MIGRATIONS), revision="0004")
        with db.engine.begin() as connection:
            for statement in ROWS:
                connection.execute(text(statement))
        initialise()
        known = {
            "sqlite": "SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'attribute_value'",
            "postgresql": "SELECT reltuples FROM pg_class WHERE relname = 'attribute_value'",
        }
        with db.engine.connect() as connection:
            assert connection.scalar(text(known[connection.dialect.name])) > 0
        db.engine.dispose()


def test_numbers_stand_for_one_row_for_ever(app: Flask) -> None:
    """Also in tables that a migration made anew: SQLite would give a deleted row's number to the next."""
    with app.app_context():
        made = (
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            " AND sql LIKE '%\tid INTEGER%' AND sql NOT LIKE '%AUTOINCREMENT%'"
        )
        found = db.session.connection().exec_driver_sql(made).scalars().all()
        ours = {table.name for table in Base.metadata.sorted_tables if not table.name.startswith("ab_")}
        assert [name for name in found if name in ours] == []


@pytest.mark.both_engines
def test_the_indexes_are_those_of_the_models(app: Flask) -> None:
    """A table that SQLite makes anew loses its indexes over expressions, and nobody would notice but by the clock."""
    with app.app_context():
        dialect, connection = db.engine.dialect, db.session.connection()
        asked = {"sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
                 "postgresql": "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"}  # fmt: skip
        there = set(connection.exec_driver_sql(asked[dialect.name]).scalars())
        ours = {
            index.name
            for table in Base.metadata.sorted_tables
            for index in table.indexes
            if index._ddl_if is None or index._ddl_if.dialect == dialect.name
        }
        assert ours - there == set(), "missing in the database"
        assert {name for name in there - ours if name.startswith("ix_")} == set(), "unknown to the models"
