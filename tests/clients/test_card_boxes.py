"""The boxes of a card: the first few at once, the others after it, and as quick with very many rows."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.extensions import db
from crm.records import RECORDS
from crm.registry import Part, RecordType
from crm.security.visibility import as_system
from crm.services.clients.card import AT_ONCE, IN_BOX, first_ids
from tests.ring import RING
from tests.stone import STONE
from tests.test_every_record import row_of

MOST_QUERIES = 20
#: The request's own: user, roles, groups, permissions, visibility.
LOOK_UPS = 7
OF_CLIENT = [record for record in (*RECORDS, RING, STONE) if record.of_client and not record.between_clients]
ON_CARD = [record for record in OF_CLIENT if record.box or record.tab]
PARTS = {
    part.key: part
    for record in ON_CARD
    for part in ([Part(record)] if record.box else []) + (record.parts if record.tab else [])
}


def boxes_in(page: str) -> list[str]:
    return re.findall(r'id="box-([a-z_]+)"', page)


def different(item: Any, n: int) -> Any:
    """The record with a number of its own, where it has one."""
    for name in ("number", "sku"):
        if isinstance(getattr(item, name, None), str):
            setattr(item, name, f"{item.client_id}-{n}")
    return item


@pytest.fixture
def fill(app: Flask) -> Any:
    """Give a client so many records of every type, related to another one."""

    def filled(client_id: int, other_id: int, number: int) -> None:
        with app.app_context(), as_system() as session:
            for record in RECORDS:
                if record.of_client:
                    for n in range(1 if record.between_clients else number):
                        session.add(different(row_of(record, client_id, other_id, session), n))
                        session.flush()
            session.commit()
            session.remove()

    return filled


@pytest.mark.both_engines
def test_a_card_full_of_everything_costs_little(
    make_client: Any, sign_in: Any, count_queries: Any, fill: Any
) -> None:
    few, many = make_client("Few", assignees=["alice"]), make_client("Many", assignees=["alice"])
    other = make_client("Other", assignees=["alice"])
    fill(few, other, 2)
    fill(many, other, 12)
    alice = sign_in("alice")
    for url in ("show", "boxes"):
        costs = []
        for client_id in (few, many):
            with count_queries() as statements:
                assert alice.get(f"/crm/clients/{url}/{client_id}").status_code == 200
            costs.append(len(statements))
        assert costs[0] == costs[1]
        if url == "show":
            assert costs[1] <= MOST_QUERIES + LOOK_UPS, "\n".join(statements)


def test_the_first_few_come_at_once_the_others_after(make_client: Any, sign_in: Any, fill: Any) -> None:
    acme, other = make_client("Acme", assignees=["alice"]), make_client("Other", assignees=["alice"])
    fill(acme, other, 3)
    alice = sign_in("alice")
    card = alice.get(f"/crm/clients/show/{acme}").text
    wanted = [record.key for record in RECORDS if record.of_client and record.box]
    assert boxes_in(card) == wanted
    assert f"/crm/clients/boxes/{acme}" in card
    later = alice.get(f"/crm/clients/boxes/{acme}").text
    assert boxes_in(later) == wanted[AT_ONCE:]
    assert "<html" not in later
    assert "crm-awaited" not in later
    # what is to come keeps its place
    for box in card.split('id="box-')[AT_ONCE + 1 :]:
        assert box.count("<li></li>") == min(3, IN_BOX)


def test_without_records_nothing_is_asked_for(make_client: Any, sign_in: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    alice, vera = sign_in("alice"), sign_in("vera")
    assert boxes_in(alice.get(f"/crm/clients/show/{acme}").text) == ["relationship"]
    assert boxes_in(vera.get(f"/crm/clients/show/{acme}").text) == []
    assert f"/crm/clients/boxes/{acme}" not in alice.get(f"/crm/clients/show/{acme}").text
    assert alice.get(f"/crm/clients/boxes/{acme}").text.strip() == ""
    assert sign_in("charlie").get(f"/crm/clients/boxes/{acme}").status_code == 404


def names_of_index(index: sa.Index) -> list[str]:
    """The columns of an index, in order, without their directions."""
    return [getattr(one, "name", None) or str(one).split()[0] for one in index.expressions]


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_an_index_finds_the_newest(app: Flask, part: Part) -> None:
    """Of a client with very many records the newest few are read, not all of them sorted."""
    with app.app_context(), db.engine.connect() as connection:
        asked = first_ids(part, 5, 5).compile(connection, compile_kwargs={"literal_binds": True})
        plan = "\n".join(row[-1] for row in connection.execute(sa.text(f"EXPLAIN QUERY PLAN {asked}")))
    for slow in ("SCAN " + part.record.key, "TEMP B-TREE"):
        assert slow not in plan, plan
    order = [getattr(getattr(one, "element", one), "name", None) for one in part.record.box_order] or ["id"]
    if part.record.box_portions or None in order:
        return
    # on SQLite every index ends with the id unsaid, on PostgreSQL it must be said
    kind = [part.record.kind.key] if part.kind else []
    wanted = ["client_id", *kind, *order]
    assert any(names_of_index(one)[: len(wanted)] == wanted for one in part.record.mapper.local_table.indexes)


@pytest.mark.parametrize("record", ON_CARD, ids=lambda record: record.key)
def test_an_index_counts_them(record: RecordType) -> None:
    """The counts of a client's records read an index of the client, and of the kind where there are kinds."""
    table = record.mapper.local_table
    wanted = ["client_id", record.kind.key] if record.kind is not None else ["client_id"]
    leading = [[c.name for c in index.columns][: len(wanted)] for index in table.indexes]
    assert wanted in leading
