"""The board of deals: columns by stage, totals by currency, moves and their refusal, filters."""

import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from crm.models import Deal, Operation, TimelineEntry
from crm.services.clients.board import CARDS

MOST = 12


@pytest.fixture
def acme(make_client: Any) -> int:
    return make_client("Acme", assignees=["alice"], billing_currency="PLN")


@pytest.fixture
def add_deal(system: Any, acme: int) -> Any:
    """`add_deal("Rings", stage="won", amount=…)` adds a deal at Acme and gives its id."""

    def add(title: str, **values: Any) -> int:
        with system() as session:
            deal = Deal(**{"client_id": acme, "title": title, **values})
            session.add(deal)
            session.commit()
            return deal.id

    return add


def columns(page: str) -> dict[str, tuple[int, list[str], list[str]]]:
    """Name of column -> (count, totals, titles of its cards)."""
    found = {}
    for part in page.split('<section class="kcol"')[1:]:
        name = unescape(re.search(r'kcol-name">(.*?)<', part)[1])
        totals = re.search(r'kcol-totals".*?</ul>', part, re.DOTALL)[0]
        found[name] = (
            int(re.search(r'data-count="(\d+)"', part)[1]),
            [unescape(total) for total in re.findall(r"<li>(.*?)</li>", totals)],
            re.findall(r'data-name="(.*?)"', part),
        )
    return found


@pytest.mark.both_engines
def test_stages_with_their_deals_and_totals(sign_in: Any, add_deal: Any) -> None:
    add_deal("Rings", amount=Decimal("1200.50"), currency="EUR")
    add_deal("Chain", amount=Decimal("99.55"), currency="EUR")
    add_deal("Obrączki", amount=4000, currency="PLN")
    add_deal("To be talked over")
    add_deal("Crown", stage="won", amount=7, currency="EUR")
    found = columns(sign_in("alice").get("/crm/deals/kanban/").text)
    assert list(found) == ["New", "Qualified", "Proposal", "Won", "Lost"]
    count, totals, titles = found["New"]
    assert (count, titles) == (4, ["To be talked over", "Obrączki", "Chain", "Rings"])
    assert ["1,300.05" in totals[0], "4,000.00" in totals[1], "PLN" in totals[1]] == [True] * 3
    assert found["Won"][::2] == (1, ["Crown"])
    assert "7.00" in found["Won"][1][0]
    assert found["Lost"] == (0, [], [])


@pytest.mark.both_engines
def test_very_large_amounts_add_up(sign_in: Any, add_deal: Any) -> None:
    largest = Deal.amount.type.largest
    for n in range(12):
        add_deal(f"Crown {n}", amount=largest, currency="EUR")
    [(_count, totals, _titles)] = [
        one for one in columns(sign_in("alice").get("/crm/deals/kanban/").text).values() if one[0]
    ]
    assert [re.sub(r"[^\d.]", "", total) for total in totals] == [str(largest * 12)]


def test_only_what_one_sees_is_counted(sign_in: Any, add_deal: Any) -> None:
    add_deal("Rings", amount=5)
    assert columns(sign_in("charlie").get("/crm/deals/kanban/").text)["New"] == (0, [], [])
    assert sign_in("charlie").get("/crm/deals/kanban/card/1").status_code == 404


@pytest.mark.both_engines
def test_a_move_is_saved_logged_and_told(sign_in: Any, add_deal: Any, system: Any, people: Any) -> None:
    number, alice = add_deal("Rings", amount=5), sign_in("alice")
    moved = alice.post(f"/api/v1/deals/{number}/stage", json={"value": "won", "expected": "new"})
    assert moved.status_code == 200, moved.text
    assert moved.json["result"]["stage"] == "won"
    with system() as session:
        deal = session.get(Deal, number)
        assert deal.won_at == deal.stage_changed_at and deal.lost_at is None
        assert (
            session.scalar(select(Operation.user_id).where(Operation.kind == "deal.stage")) == people["alice"]
        )
        kinds = set(session.scalars(select(TimelineEntry.kind).where(TimelineEntry.table_name == "deal")))
        assert kinds == {"deal", "deal.won"}
    assert "Deal – won" in alice.get("/crm/clients/timeline/1").text
    assert alice.post(f"/api/v1/deals/{number}/stage", json={"value": "new"}).status_code == 200
    assert "Deal – won" not in alice.get("/crm/clients/timeline/1").text


def test_moves_that_are_refused(sign_in: Any, add_deal: Any) -> None:
    number = add_deal("Rings", stage="proposal")
    url, alice = f"/api/v1/deals/{number}/stage", sign_in("alice")
    late = alice.post(url, json={"value": "won", "expected": "new"})
    assert late.status_code == 409
    assert "meanwhile" in late.json["message"]
    for body in ({}, {"value": "sold"}, {"value": None}, {"value": ["won"]}, {"value": "won", "expected": 3}):
        assert alice.post(url, json=body).status_code == 422, body
    assert sign_in("vera").post(url, json={"value": "won"}).status_code == 403
    assert sign_in("charlie").post(url, json={"value": "won"}).status_code == 404
    assert alice.get(f"/api/v1/deals/{number}").json["result"]["stage"] == "proposal"


def test_who_may_not_edit_moves_nothing(sign_in: Any, add_deal: Any) -> None:
    add_deal("Rings")
    page = sign_in("vera").get("/crm/deals/kanban/").text
    assert "Rings" in page
    assert "move-menu" not in page
    assert "/crm/deals/add" not in page


def test_filters_stay_between_list_and_board(
    sign_in: Any, add_deal: Any, make_client: Any, system: Any, people: Any, acme: int
) -> None:
    other = make_client("Other", assignees=["alice"])
    add_deal("Mine", responsible_id=people["alice"])
    add_deal("His", responsible_id=people["bob"])
    add_deal("Elsewhere", client_id=other, responsible_id=people["alice"])
    alice = sign_in("alice")
    for query, titles in (
        ("responsible=me", {"Mine", "Elsewhere"}),
        (f"client={acme}&responsible=me", {"Mine"}),
        ("search=hi", {"His"}),
        ("stage=won", set()),
    ):
        page = alice.get(f"/crm/deals/kanban/?{query}").text
        assert set(columns(page)["New"][2]) == titles, query
        assert f"/crm/deals/list/?{query.replace('&', '&amp;')}" in page
        assert (
            f"/crm/deals/kanban/?{query.replace('&', '&amp;')}" in alice.get(f"/crm/deals/list/?{query}").text
        )
    assert "nonsense" in alice.get("/crm/deals/kanban/?nonsense=1").text
    for part in ("kanban/new", "kanban/totals"):
        assert alice.get(f"/crm/deals/{part}?nonsense=1").status_code == 400


def test_the_choice_of_view_is_remembered(sign_in: Any, add_deal: Any) -> None:
    alice = sign_in("alice")
    assert alice.get("/crm/deals/").location.endswith("/crm/deals/list/")
    alice.get("/crm/deals/kanban/")
    assert alice.get("/crm/deals/").location.endswith("/crm/deals/kanban/")
    alice.get("/crm/deals/list/")
    assert alice.get("/crm/deals/").location.endswith("/crm/deals/list/")


def test_columns_load_page_by_page(sign_in: Any, add_deal: Any, system: Any, acme: int) -> None:
    with system() as session:
        session.add_all(Deal(client_id=acme, title=f"Deal {n}") for n in range(CARDS + 7))
        session.commit()
    alice = sign_in("alice")
    page = alice.get("/crm/deals/kanban/").text
    first = columns(page)["New"]
    assert first[0] == CARDS + 7
    assert len(first[2]) == CARDS
    more = alice.get(unescape(re.search(r'hx-get="([^"]*kanban/new[^"]*)"', page)[1])).text
    rest = re.findall(r'data-name="(.*?)"', more)
    assert len(rest) == 7
    assert not set(rest) & set(first[2])
    assert "kmore" not in more
    assert alice.get("/crm/deals/kanban/sold").status_code == 404
    assert alice.get("/crm/deals/kanban/new?after=x").status_code == 400


@pytest.mark.both_engines
def test_it_costs_the_same_with_many(
    sign_in: Any, system: Any, acme: int, people: Any, count_queries: Any
) -> None:
    alice, costs = sign_in("alice"), []
    for number in (2, 60):
        with system() as session:
            session.add_all(
                Deal(client_id=acme, title=f"Deal {n}", amount=n, responsible_id=people["bob"], stage=stage)
                for n in range(number)
                for stage in ("new", "qualified", "proposal", "won", "lost")
            )
            session.commit()
        with count_queries() as statements:
            assert alice.get("/crm/deals/kanban/").status_code == 200
        costs.append(len(statements))
    assert costs[0] == costs[1] <= MOST + 7, statements


def test_totals_are_told_anew_after_a_move(sign_in: Any, add_deal: Any) -> None:
    add_deal("Rings", amount=5, currency="EUR")
    alice = sign_in("alice")
    alice.post("/api/v1/deals/1/stage", json={"value": "won"})
    fresh = alice.get("/crm/deals/kanban/totals").text
    assert re.search(r'id="count-won" data-count="1" hx-swap-oob=true', fresh)
    assert re.search(r'id="totals-won"[^>]*hx-swap-oob=true><li>[^<]*5.00', fresh)
    assert re.search(r'id="totals-new"[^>]*hx-swap-oob=true></ul>', fresh)


def test_a_new_deal_is_mine_in_the_clients_currency(sign_in: Any, acme: int) -> None:
    alice = sign_in("alice")
    page = alice.get(f"/crm/deals/add?client={acme}&stage=proposal").text
    assert re.search(r'<option selected value="\d+">Alice', page) or re.search(r"selected[^>]*>Alice", page)
    assert re.search(r'<option[^>]*selected[^>]*value="PLN"|value="PLN"[^>]*selected', page)
    assert re.search(r'<option[^>]*selected[^>]*value="proposal"|value="proposal"[^>]*selected', page)
    assert alice.get("/crm/deals/add?stage=sold").status_code == 404


def test_the_next_deal_is_another_one_of_the_client(sign_in: Any, add_deal: Any, make_client: Any) -> None:
    other = make_client("Other", assignees=["alice"])
    first, second = add_deal("First"), add_deal("Second")
    elsewhere = add_deal("Elsewhere", client_id=other)
    alice = sign_in("alice")
    for wrong in (first, elsewhere):
        refused = alice.patch(f"/api/v1/deals/{first}", json={"next_deal": wrong})
        assert refused.status_code == 422
        assert "next_deal" in refused.json["errors"]
    assert alice.patch(f"/api/v1/deals/{first}", json={"next_deal": second}).status_code == 200
    assert "Second" in alice.get(f"/crm/deals/show/{first}").text
