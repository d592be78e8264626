"""The contract that each record type meets: a new type is covered the day it is declared."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Boolean, Integer, inspect, select
from sqlalchemy.orm import RelationshipProperty

from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    BankAccount,
    Call,
    Change,
    Client,
    Contact,
    Email,
    Event,
    HasFile,
    Invoice,
    NumberSeries,
    Product,
    Sale,
    Status,
    TimelineEntry,
    Transaction,
    VatRate,
    WorkTime,
)
from crm.models.types import UtcDateTime
from crm.records import RECORDS
from crm.registry import RecordType
from crm.security.visibility import as_system
from crm.services import file_store, uploads
from crm.services.merge import merge

MARK = "Quixotic"
EVERY = pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.key)
OF_CLIENT = pytest.mark.parametrize("record", [r for r in RECORDS if r.of_client], ids=lambda r: r.key)
#: Of these the rows of foreign clients are hidden; of the others only what follows the client.
HIDDEN_WITH_CLIENT = pytest.mark.parametrize(
    "record", [r for r in RECORDS if r.of_client and not r.seen_by_all], ids=lambda r: r.key
)
#: What a type needs beyond a mark in each text.
#: Half hours, each taken once: nobody works on two things at a time.
HOURS = (datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=30 * n) for n in count())
NEEDED: dict[type, dict[str, Any]] = {
    BankAccount: {"number": "PL61 1090 1014 0000 0712 1981 2874", "currency": "PLN"},
    Invoice: {"kind": "incoming", "number": MARK, "issue_date": date(2026, 1, 2)},
    NumberSeries: {"kind": "quixotic", "pattern": "Quixotic {number}", "reset": "never"},
    Transaction: {"amount": 1, "currency": "PLN", "reference": MARK},
    VatRate: {"rate": 77},
    AttributeDefinition: {"type": "text", "key": "quixotic"},
    Call: {"number": "600 123 456"},
    Client: {"email": "q@example.com"},
    Contact: {"email": "q@example.com"},
    Email: {"from_address": "q@example.com", "to": "r@example.com", "cc": None, "bcc": None},
    Product: {"currency": "PLN", "vat_rate": "23"},
    Sale: {"number": MARK},
    Event: {"start": HOURS, "end": HOURS},
    Status: {"code": "quixotic"},
    WorkTime: {"start": HOURS, "end": HOURS},
}


def row_of(record: RecordType, client_id: int, other_id: int, session: Any) -> Any:
    """A record of this type at a client, with the mark in every text it has."""
    item = record.model()
    for prop in inspect(record.model).column_attrs:
        column = prop.columns[0]
        if column.foreign_keys or column.primary_key or prop.key in NEEDED.get(record.model, {}):
            continue
        if column.type.python_type is str and column.default is None:
            length = getattr(column.type, "length", None)
            if (length is None or length > 20) and not prop.key.endswith(("_e164", "_key")):
                setattr(item, prop.key, MARK)
        elif not column.nullable and column.default is None and isinstance(column.type, Integer | Boolean):
            setattr(item, prop.key, 0)
    if record.kind is not None:
        setattr(item, record.kind.key, record.kinds[0].value)
    for name, value in NEEDED.get(record.model, {}).items():
        setattr(item, name, next(value) if value is HOURS else value)
    for name, number in (("client_id", client_id), ("other_id", other_id)):
        if hasattr(item, name):
            setattr(item, name, number)
    if issubclass(record.model, HasFile):
        item.stored_file = file_store.keep(uploads.prepare(io.BytesIO(MARK.encode()), f"{MARK}.txt"))
    for relation in inspect(record.model).relationships:
        if is_required(relation) and relation.key not in ("client", "other", "stored_file"):
            setattr(item, relation.key, _needed(relation.mapper.class_, client_id, other_id, session))
    return item


def _needed(model: Any, client_id: int, other_id: int, session: Any) -> Any:
    """What a record cannot be without: one that is there, or one made for it at the same client."""
    record = next((one for one in RECORDS if one.model is model), None)
    if record is not None and record.of_client:
        there = session.scalars(select(model).where(model.client_id == client_id)).first()
        return there or row_of(record, client_id, other_id, session)
    return session.scalars(select(model)).first()


def is_required(relation: RelationshipProperty[Any]) -> bool:
    return not relation.uselist and not next(iter(relation.local_columns)).nullable


@pytest.fixture
def make_row(app: Flask) -> Callable[..., int]:
    def make(record: RecordType, client_id: int, other_id: int) -> int:
        with app.app_context(), as_system():
            item = row_of(record, client_id, other_id, db.session)
            db.session.add(item)
            db.session.commit()
            number = item.id
            db.session.remove()
            return number

    return make


@pytest.fixture
def two(make_client: Callable[..., int]) -> tuple[int, int]:
    """Two clients of Alice's."""
    return make_client("First", assignees=["alice"]), make_client("Second", assignees=["alice"])


@EVERY
def test_pages(record: RecordType, sign_in: Any, two: Any, make_row: Any) -> None:
    number, office = make_row(record, *two), sign_in("office")
    for url, wanted in (
        (f"/crm/{record.url_name}/list/", True),
        (f"/crm/{record.url_name}/show/{number}", True),
    ):
        page = office.get(url)
        assert page.status_code == 200, url
        assert (MARK in page.text) == wanted
        assert str(record.plural) in page.text or str(record.label) in page.text
    for action in sorted(record.actions & {"add", "edit"}):
        number_in_url = f"/{number}" if action == "edit" else ""
        page = office.get(f"/crm/{record.url_name}/{action}{number_in_url}")
        assert page.status_code == 200
        assert 'name="csrf_token"' in page.text or "<form" in page.text


@EVERY
def test_export(record: RecordType, sign_in: Any, two: Any, make_row: Any) -> None:
    make_row(record, *two)
    url = f"/crm/{record.url_name}/export?format=csv"
    assert MARK in sign_in("office").get(url).text
    for name in ("alice", "vera"):
        assert sign_in(name).get(url).status_code == 403


@EVERY
def test_an_empty_list_says_what_to_do(record: RecordType, sign_in: Any, app: Flask) -> None:
    page = sign_in("office").get(f"/crm/{record.url_name}/list/")
    assert page.status_code == 200
    assert "List " not in page.text
    assert "None" not in page.text.split("<main")[1]


@EVERY
def test_unknown_filters_are_refused(record: RecordType, sign_in: Any, app: Flask) -> None:
    office = sign_in("office")
    assert office.get(f"/api/v1/{record.url_name}/?nonsense=1").status_code == 400
    page = office.get(f"/crm/{record.url_name}/list/?nonsense=1")
    assert page.status_code < 500
    assert "nonsense" in page.text


@EVERY
def test_roles(record: RecordType, sign_in: Any, two: Any, make_row: Any) -> None:
    number = make_row(record, *two)
    vera = sign_in("vera")
    base = f"/crm/{record.url_name}"
    for action, answer in (
        ("add", vera.get(f"{base}/add")),
        ("edit", vera.post(f"{base}/edit/{number}", data={})),
        ("delete", vera.post(f"{base}/delete/{number}")),
    ):
        assert answer.status_code == (403 if action in record.actions else 404), action
    seen = vera.get(f"/crm/{record.url_name}/list/").status_code
    assert seen == (403 if record.is_setting else 200)


@EVERY
def test_what_does_not_exist_is_404(record: RecordType, sign_in: Any, app: Flask) -> None:
    office = sign_in("office")
    for number in ("999999", "0", "-1", "x", "9" * 30):
        assert office.get(f"/crm/{record.url_name}/show/{number}").status_code == 404
    assert office.get(f"/api/v1/{record.url_name}/999999").status_code == 404


@HIDDEN_WITH_CLIENT
def test_a_foreign_row_is_nowhere(record: RecordType, sign_in: Any, make_client: Any, make_row: Any) -> None:
    foreign = make_client("Foreign", assignees=["charlie"]), make_client("Foreign too", assignees=["charlie"])
    number, alice = make_row(record, *foreign), sign_in("alice")
    base = f"/crm/{record.url_name}"
    for url in (
        f"{base}/list/",
        f"{base}/choices?q=quix",
        "/crm/search?q=quix",
        f"/api/v1/{record.url_name}/",
    ):
        assert MARK not in alice.get(url).text, url
    for url in (f"{base}/show/{number}", f"{base}/edit/{number}", f"/api/v1/{record.url_name}/{number}"):
        assert alice.get(url).status_code == 404
    assert alice.post(f"{base}/delete/{number}").status_code == 404
    assert alice.delete(f"/api/v1/{record.url_name}/{number}").status_code == 404


@OF_CLIENT
def test_history_timeline_search_and_card(
    record: RecordType, app: Flask, sign_in: Any, two: Any, make_row: Any
) -> None:
    number, alice = make_row(record, *two), sign_in("alice")
    with app.app_context(), as_system():
        logged = select(Change.client_id).where(Change.table_name == record.key, Change.row_id == number)
        assert list(db.session.scalars(logged)) == [None if record.seen_by_all else two[0]]
        entries = select(TimelineEntry.client_id).where(TimelineEntry.table_name == record.key)
        found = set(db.session.scalars(entries))
        assert found == (set() if record.when is None else set(two) if record.between_clients else {two[0]})
    if record.search:
        assert MARK in alice.get("/crm/search?q=quixot").text
    if record.box:
        assert str(record.plural) in alice.get(f"/crm/clients/show/{two[0]}").text


@OF_CLIENT
def test_merge_moves_it(record: RecordType, app: Flask, two: Any, make_client: Any, make_row: Any) -> None:
    number, target = make_row(record, *two), make_client("Target", assignees=["alice"])
    with app.app_context(), as_system():
        merge(two[0], target)
        db.session.commit()
        db.session.expunge_all()
        assert db.session.get(record.model, number).client_id == target


@OF_CLIENT
def test_reps_delete_their_own(
    record: RecordType, app: Flask, sign_in: Any, two: Any, make_row: Any, people: Any
) -> None:
    if "delete" not in record.actions:
        pytest.skip("cannot be deleted")
    number, alice = make_row(record, *two), sign_in("alice")
    url = f"/crm/{record.url_name}/delete/{number}"
    assert alice.post(url).status_code == 403
    with app.app_context(), as_system():
        db.session.get(record.model, number).created_by_id = people["alice"]
        db.session.commit()
    assert alice.post(url).status_code == 302
    assert alice.get(f"/crm/{record.url_name}/show/{number}").status_code == 404


@EVERY
def test_declared_columns_can_be_shown(record: RecordType) -> None:
    for attribute in (*record.columns, *record.fields):
        assert str(record.label_of(attribute.key)).strip()
    names = [a.key for a in record.fields]
    assert len(names) == len(set(names))
    assert not {"id", "version", "created_by_id", "changed_by_id"} & set(names)


def test_moments_are_aware() -> None:
    for mapper in Client.registry.mappers:
        if mapper.class_.__module__.startswith("crm."):
            for column in mapper.local_table.columns:
                assert type(column.type).__name__ != "DateTime", f"{column} should be {UtcDateTime.__name__}"
