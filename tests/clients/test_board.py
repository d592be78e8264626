"""The board: columns, counts, pages of cards, moves and their refusal, and what it costs."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from crm.models import Client, Operation, Status, Tag, TimelineEntry
from crm.models.types import utc_now
from crm.services.clients.board import CARDS

OWN_LOOK_UPS = 7
MOST = 12


def columns(html: str) -> dict[str, tuple[int, list[str]]]:
    """Name of column -> (count in its head, names of its cards)."""
    found = {}
    for part in html.split('<section class="kcol"')[1:]:
        name = re.search(r'kcol-name">(.*?)<', part)[1]
        count = int(re.search(r'data-count="(\d+)"', part)[1])
        found[name] = (count, re.findall(r'data-name="(.*?)"', part))
    return found


@pytest.fixture
def statuses(system) -> dict[str, int]:
    """Code -> id."""
    with system() as session:
        return dict(tuple(row) for row in session.execute(select(Status.code, Status.id)))


@pytest.fixture
def move(sign_in):
    """`move("alice", client, to=status id, expected=…)`: a drop on the board, as its script sends it."""

    def post(who, client, to, **also):
        return sign_in(who).post(
            f"/crm/clients/{client}/change_bulk_option.json", json={"type": "status_id", "value": to, **also}
        )

    return post


def test_columns_are_the_selectable_statuses_in_order(make_client, system, sign_in, statuses):
    make_client("Acme", status_id=statuses["vip"])
    browser = sign_in("admin")
    assert list(columns(browser.get("/crm/clients/kanban/").text)) == ["New", "Active", "VIP", "Inactive"]
    with system() as session:
        session.get(Status, statuses["vip"]).position = -1
        session.get(Status, statuses["new"]).hidden_in_kanban = True
        session.get(Status, statuses["inactive"]).selectable = False
        session.commit()
    make_client("Nobody's")
    make_client("Hidden", status_id=statuses["new"])
    page = browser.get("/crm/clients/kanban/").text
    assert columns(page) == {"No status": (1, ["Nobody&#39;s"]), "VIP": (1, ["Acme"]), "Active": (0, [])}
    assert "1 client is in a status that the board does not show" in page


def test_archived_and_foreign_clients_are_not_on_it(make_client, sign_in, statuses):
    make_client("Mine", assignees=["alice"], status_id=statuses["new"])
    make_client("Theirs", assignees=["charlie"], status_id=statuses["new"])
    make_client("Old", assignees=["alice"], status_id=statuses["new"], archived_at=utc_now())
    assert columns(sign_in("alice").get("/crm/clients/kanban/").text)["New"] == (1, ["Mine"])
    assert columns(sign_in("alice").get("/crm/clients/kanban/?archived=all").text)["New"][0] == 2


@pytest.mark.both_engines
def test_a_column_comes_in_pages_that_lose_nobody(make_client, system, sign_in, statuses):
    make_client("Client 0", status_id=statuses["new"])
    number = 2 * CARDS + 7
    with system() as session:
        for n in range(1, number):
            session.add(Client(name=f"Client {n}", status_id=statuses["new"]))
        session.commit()
    browser = sign_in("admin")
    page = browser.get("/crm/clients/kanban/").text
    count, names = columns(page)["New"]
    assert count == number and len(names) == CARDS
    while more := re.search(r'hx-get="(/crm/clients/kanban/\d+\?after=[^"]+)"', page):
        page = browser.get(more[1].replace("&amp;", "&")).text
        names += re.findall(r'data-name="(.*?)"', page)
    assert len(names) == number and len(set(names)) == number
    for nonsense in ("x", "none?after=1", "1?after=2026-01-01_1", "1?after=_", "99999999999"):
        assert browser.get(f"/crm/clients/kanban/{nonsense}").status_code in (400, 404)


def test_it_costs_one_query_more_per_column(make_client, system, sign_in, count_queries, statuses):
    codes = list(statuses)

    def fill(start: int, end: int) -> None:
        first = make_client(f"Client {start}", assignees=["alice"])
        with system() as session:
            tags = list(session.scalars(select(Tag))) or [Tag(name="One"), Tag(name="Two")]
            alice = session.get(Client, first).assignees[0]
            for n in range(start + 1, end):
                client = Client(name=f"Client {n}", status_id=statuses[codes[n % 4]])
                client.assignees, client.tags = [alice], tags[: n % 3]
                session.add(client)
            session.commit()

    counted = []
    for start, end in ((0, 8), (8, 208)):
        fill(start, end)
        for who in ("admin", "alice"):
            browser = sign_in(who)
            with count_queries() as statements:
                found = columns(browser.get("/crm/clients/kanban/?search=client").text)
            assert sum(count for count, _names in found.values()) == end
            assert len(statements) <= MOST + len(found) + OWN_LOOK_UPS, statements
            counted.append(len(statements))
    assert counted[:2] == counted[2:]


@pytest.mark.both_engines
def test_a_move_is_saved_and_logged(make_client, system, move, statuses, people):
    client = make_client("Acme", assignees=["alice"], status_id=statuses["new"])
    answer = move("alice", client, statuses["vip"], expected=statuses["new"])
    assert answer.status_code == 200 and answer.json["changed"] == 1 and answer.json["skipped"] == []
    with system() as session:
        found = session.get(Client, client)
        assert (
            found.status_id == statuses["vip"] and (utc_now() - found.status_changed_at).total_seconds() < 60
        )
        operation = session.get(Operation, answer.json["operation_id"])
        assert (operation.kind, operation.user_id, operation.client_id) == ("status", people["alice"], client)
        asked = select(TimelineEntry.kind).where(TimelineEntry.operation_id == operation.id)
        assert session.scalars(asked).all() == ["status"]
    assert move("alice", client, None, expected=statuses["vip"]).json["status_id"] is None


def test_of_two_who_move_one_card_the_second_is_told(make_client, system, move, statuses, sign_in):
    client = make_client("Acme", assignees=["alice"], status_id=statuses["new"])
    assert move("alice", client, statuses["vip"], expected=statuses["new"]).status_code == 200
    late = move("bob", client, statuses["active"], expected=statuses["new"])
    assert late.status_code == 409 and "VIP" in late.json["message"]
    with system() as session:
        assert session.get(Client, client).status_id == statuses["vip"]
    card = sign_in("bob").get(f"/crm/clients/kanban/card/{client}").text
    assert f'data-status="{statuses["vip"]}"' in card


def test_moves_that_are_refused(make_client, system, move, statuses, sign_in):
    client = make_client("Acme", assignees=["alice"], status_id=statuses["new"])
    with system() as session:
        session.get(Status, statuses["inactive"]).selectable = False
        session.commit()
    assert move("charlie", client, statuses["vip"]).status_code == 404
    assert move("vera", client, statuses["vip"]).status_code == 403
    for wrong in (statuses["inactive"], 999, "vip", [1], True, -1):
        assert move("alice", client, wrong, expected=statuses["new"]).status_code in (400, 422)
    assert "data-move-to" not in sign_in("vera").get("/crm/clients/kanban/").text
    with system() as session:
        assert session.get(Client, client).status_id == statuses["new"]


def test_stars_by_one_click_leave_open_forms_valid(make_client, system, sign_in):
    client = make_client("Acme", assignees=["alice"], email="a@acme.example")
    browser = sign_in("alice")
    form = browser.get(f"/crm/clients/edit/{client}").text
    base = re.search(r'name="base"[^>]*value="([^"]*)"', form)
    assert base
    url = f"/crm/clients/{client}/change_bulk_option.json"
    assert browser.post(url, json={"type": "stars", "value": 2}).status_code == 200
    sent = {"base": unescape(base[1]), "kind": "company", "name": "Acme Ltd", "email": "a@acme.example"}
    assert browser.post(f"/crm/clients/edit/{client}", data=sent).status_code == 302
    with system() as session:
        found = session.get(Client, client)
        assert (found.name, found.stars) == ("Acme Ltd", 2)
