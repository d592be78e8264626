"""The list of clients: what a row shows, filters in words, one-click changes, masking, and what it costs."""

import re
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import select

from crm.models import Change, Client, Contact, Operation, Status, Tag
from crm.models.types import utc_now

#: What the request itself asks before any page: user, roles, groups, permissions, modules, visibility.
OWN_LOOK_UPS = 7
MOST = 12


def rows(html: str) -> list[str]:
    """The names in the table, in order."""
    return [m.strip() for m in re.findall(r'class="crm-title">\s*<a[^>]*>(.*?)</a>', html, re.S)]


@pytest.fixture
def fill(make_client, system):
    """`fill(10, 200)`: clients numbered 10 to 199, Alice's, with tags, statuses and contacts."""

    def add(start: int, end: int) -> None:
        first = make_client(f"Client {start}", assignees=["alice"])
        with system() as session:
            tags = list(session.scalars(select(Tag))) or [Tag(name=n) for n in ("One", "Two", "Three")]
            statuses = list(session.scalars(select(Status)))
            alice = session.get(Client, first).assignees[0]
            for n in range(start + 1, end):
                client = Client(name=f"Client {n}", email=f"c{n}@client.example", status=statuses[n % 4])
                client.assignees, client.tags = [alice], tags[: n % 4]
                session.add_all([client, Contact(client=client, first_name="Anna", last_name=f"Nowak {n}")])
            session.commit()

    return add


def test_it_costs_the_same_for_few_and_for_200_rows(fill, sign_in, count_queries):
    asked = [
        (who, f"/crm/clients/list/?page_size=200&{query}")
        for who in ("admin", "alice")
        for query in (
            "",
            "search=client",
            "search=anna",
            "tags=One&assignee=alice&stars=0&country=PL&alert=no",
        )
    ]
    counted = []
    for start, end in ((0, 5), (5, 205)):
        fill(start, end)
        browsers = {who: sign_in(who) for who in ("admin", "alice")}
        counted.append([])
        for who, url in asked:
            with count_queries() as statements:
                assert browsers[who].get(url).status_code == 200
            assert len(statements) <= MOST + OWN_LOOK_UPS, (url, statements)
            counted[-1].append(len(statements))
    assert counted[0] == counted[1]


def test_what_a_row_shows(make_client, system, sign_in):
    number = make_client("Żółty Domek", assignees=["alice"], email="biuro@domek.example", phone="22 555 12 34",
                         billing_city="Łódź", billing_country="PL", stars=2)  # fmt: skip
    with system() as session:
        client = session.get(Client, number)
        new = session.scalar(select(Status).where(Status.code == "new"))
        new.alert_days, client.status, client.tags = 3, new, [Tag(name="Wholesale")]
        session.flush()
        client.status_changed_at = utc_now() - timedelta(days=4)
        session.commit()
    page = sign_in("alice").get("/crm/clients/list/").text
    for text in (
        "Żółty Domek",
        "biuro@domek.example",
        "22 555 12 34",
        "Łódź",
        "Wholesale",
        "Needs attention",
        "1 client",
    ):
        assert text in page
    assert "Żółty Domek" not in sign_in("charlie").get("/crm/clients/list/").text


def test_filters_are_chips_that_lead_to_the_page_without_them(make_client, sign_in):
    make_client("Acme", stars=3)
    page = sign_in("admin").get("/crm/clients/list/?stars=3&stars=2&search=acme&sort=stars&dir=desc").text
    assert rows(page) == ["Acme"]
    chip = re.search(r"Stars: 2 stars\s*<a href=\"([^\"]+)\"", page)
    assert (
        chip and chip[1].replace("&amp;", "&") == "/crm/clients/list/?stars=3&search=acme&sort=stars&dir=desc"
    )
    board = re.search(r'href="(/crm/clients/kanban/\?[^"]+)"', page)
    assert board and board[1].replace("&amp;", "&") == (
        "/crm/clients/kanban/?dir=desc&search=acme&sort=stars&stars=2&stars=3"
    )


def test_a_filter_that_cannot_be_read_is_said_and_shows_nobody(make_client, sign_in):
    make_client("Acme")
    browser = sign_in("admin")
    for query in ("stars=many", "nonsense=1", "page=0", "sort=secret", "created_from=soon"):
        answer = browser.get(f"/crm/clients/list/?{query}")
        assert answer.status_code == 200 and "alert-warning" in answer.text and rows(answer.text) == []
        if not query.startswith(("page", "sort")):
            board = browser.get(f"/crm/clients/kanban/?{query}").text
            assert "alert-warning" in board and 'class="kcard' not in board


def test_hits_by_a_contact_say_so(make_client, system, sign_in):
    number = make_client("Acme")
    make_client("Nowak Ltd")
    with system() as session:
        session.add(Contact(client_id=number, first_name="Ewa", last_name="Nowak"))
        session.commit()
    page = sign_in("admin").get("/crm/clients/list/?search=nowak").text
    assert rows(page) == ["Acme", "Nowak Ltd"]
    assert page.count("via contact") == 1 and "via contact Ewa Nowak" in page


def test_sensitive_values_are_masked(make_client, sign_in):
    make_client(
        "Secret", assignees=["alice"], sensitive=True, email="hidden@secret.example", phone="600 100 200"
    )
    for view in ("list", "kanban"):
        page = sign_in("alice").get(f"/crm/clients/{view}/").text
        assert "Secret" in page and "hidden@secret" not in page and "600 100" not in page
    assert "hidden@secret.example" in sign_in("admin").get("/crm/clients/list/").text


def test_the_total_comes_after_the_page(make_client, sign_in, monkeypatch):
    for n in range(5):
        make_client(f"Client {n}")
    browser = sign_in("admin")
    assert "/crm/clients/total" in browser.get("/crm/clients/list/?page_size=2&stars=0").text
    assert browser.get("/crm/clients/total?stars=0").text == "5 clients"
    assert browser.get("/crm/clients/total?stars=9").status_code == 400
    monkeypatch.setattr("crm.services.lists.listing.MOST_COUNTED", 4)
    assert browser.get("/crm/clients/total").text == "10,000+ clients"


def test_list_or_board_is_remembered(sign_in):
    browser = sign_in("admin")
    assert browser.get("/crm/clients/").location == "/crm/clients/list/"
    browser.get("/crm/clients/kanban/?stars=3")
    assert browser.get("/crm/clients/").location == "/crm/clients/kanban/"
    browser.get("/crm/clients/list/")
    assert browser.get("/crm/clients/").location == "/crm/clients/list/"


def test_the_panel_of_filters_holds_what_is_set(sign_in):
    panel = (
        sign_in("alice")
        .get("/crm/clients/filters/list?status=vip&country=PL&created_from=2026-01-02&search=x")
        .text
    )
    assert re.search(r'value="vip"\s+selected', panel) and re.search(r'value="PL"\s+selected', panel)
    assert 'value="2026-01-02"' in panel and 'name="search" value="x"' in panel


def test_empty_states(sign_in):
    assert "No clients yet" in sign_in("admin").get("/crm/clients/list/").text
    assert "No client matches" in sign_in("admin").get("/crm/clients/list/?stars=3").text
    vera = sign_in("vera").get("/crm/clients/list/").text
    assert "New client" not in vera and "Merge clients" not in vera


def test_status_from_the_badge(make_client, system, sign_in, people):
    number = make_client("Acme", assignees=["alice"])
    with system() as session:
        vip = session.scalar(select(Status.id).where(Status.code == "vip"))
    alice = sign_in("alice")
    assert "VIP" in alice.get(f"/crm/clients/status/{number}").text
    answer = alice.post(f"/crm/clients/status/{number}", data={"status": vip, "expected": ""})
    assert answer.status_code == 200 and "VIP" in answer.text
    with system() as session:
        assert session.get(Client, number).status_id == vip
        operation = session.scalars(select(Operation).order_by(Operation.id.desc())).first()
        assert (operation.kind, operation.client_id, operation.user_id) == ("status", number, people["alice"])
        change = session.scalars(select(Change).where(Change.operation_id == operation.id)).one()
        assert change.before["status_id"] is None and change.after["status_id"] == vip


def test_a_second_change_of_status_is_refused(make_client, system, sign_in):
    number = make_client("Acme", assignees=["alice"])
    with system() as session:
        new, vip = (session.scalar(select(Status.id).where(Status.code == code)) for code in ("new", "vip"))
    url, browser = f"/crm/clients/status/{number}", sign_in("alice")
    assert browser.post(url, data={"status": vip, "expected": ""}).status_code == 200
    answer = browser.post(url, data={"status": new, "expected": ""}, headers={"HX-Request": "true"})
    assert answer.status_code == 409 and "VIP" in answer.json["message"]
    assert browser.post(url, data={"status": "", "expected": str(vip)}).status_code == 200
    with system() as session:
        assert session.get(Client, number).status_id is None


def test_nobody_changes_what_they_may_not(make_client, system, sign_in):
    number = make_client("Acme", assignees=["alice"])
    with system() as session:
        vip = session.scalar(select(Status.id).where(Status.code == "vip"))
        session.scalar(select(Status).where(Status.code == "inactive")).selectable = False
        session.commit()
        inactive = session.scalar(select(Status.id).where(Status.code == "inactive"))
    url = f"/crm/clients/status/{number}"
    assert sign_in("charlie").post(url, data={"status": vip}).status_code == 404
    assert sign_in("charlie").get(url).status_code == 404
    assert sign_in("vera").post(url, data={"status": vip}).status_code in (302, 403)
    assert sign_in("alice").post(url, data={"status": inactive}).status_code == 400
    assert sign_in("alice").post(url, data={"status": "x" * 30}).status_code == 400
    with system() as session:
        assert session.get(Client, number).status_id is None


def test_two_who_filter_the_list_at_once_each_get_their_own_rows(app, make_client, sign_in):
    for stars in (1, 2):
        for n in range(3):
            make_client(f"Stars {stars} {n}", assignees=["alice", "charlie"], stars=stars)
    wrong: list[list[str]] = []

    def look(who: str, stars: int) -> None:
        browser = sign_in(who)
        for _ in range(15):
            found = rows(browser.get(f"/crm/clients/list/?stars={stars}").text)
            if found != [f"Stars {stars} {n}" for n in range(3)]:
                wrong.append(found)

    threads = [Thread(target=look, args=pair) for pair in (("alice", 1), ("charlie", 2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
