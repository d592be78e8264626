"""The contract that each record type meets: a new type is covered the day it is declared."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from crm.extensions import db
from crm.models import (
    Change,
    Client,
    TimelineEntry,
)
from crm.models.types import UtcDateTime
from crm.records import RECORDS
from crm.registry import RecordType
from crm.security.visibility import as_system
from crm.services.merging.merge import merge
from tests.rows import MARK, row_of

EVERY = pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.key)
OF_CLIENT = pytest.mark.parametrize("record", [r for r in RECORDS if r.of_client], ids=lambda r: r.key)
#: Of these the rows of foreign clients are hidden; of the others only what follows the client.
HIDDEN_WITH_CLIENT = pytest.mark.parametrize(
    "record", [r for r in RECORDS if r.of_client and not r.seen_by_all], ids=lambda r: r.key
)


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
    history = f"/crm/{record.url_name}/history/{number}"
    assert history in page.text or not record.addable, "a record's page leads to its history"
    page = office.get(history)
    assert "<strong>Added</strong>" in re.sub(r"</?a\b[^>]*>", "", page.text) and MARK in page.text
    for field in [one.key for one in record.fields][:3]:
        assert office.get(f"{history}?field={field}").status_code == 200, field
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
