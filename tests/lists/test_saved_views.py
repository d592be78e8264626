"""Saved views of the list of clients: whose they are, what they show, and what the list opens with."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.models import ListMemory, Operation, SavedView, Tag
from tests.clients.test_list import rows

LIST, BOARD = "/crm/clients/list/", "/crm/clients/kanban/"


def save(browser: FlaskClient, state: str, name: str, **more: Any) -> Any:
    return browser.post("/crm/views/clients/save", data={"state": state, "name": name, **more})


def tabs(page: str) -> list[str]:
    bar = re.search(r'<nav class="crm-tabs crm-views".*?</nav>', page, re.S)
    return re.findall(r"<a [^>]*>\s*([^<]+?)\s*<", bar[0]) if bar else []


def current(page: str) -> list[str]:
    bar = re.search(r'<nav class="crm-tabs crm-views".*?</nav>', page, re.S)
    return re.findall(r"aria-current=page>\s*([^<]+?)\s*<", bar[0]) if bar else []


@pytest.fixture
def views(system: Any) -> Any:
    """Name -> (id, query, layout) of all views there are."""

    def found() -> dict[str, tuple[int, str, str]]:
        with system() as session:
            return {v.name: (v.id, v.query, v.layout) for v in session.scalars(select(SavedView))}

    return found


def test_saved_opened_changed_and_deleted(make_client: Any, sign_in: Any, views: Any, system: Any) -> None:
    for name, stars in (("Acme", 3), ("Beta", 2), ("Gamma", 0)):
        make_client(name, assignees=["alice"], stars=stars)
    alice, bob = sign_in("alice"), sign_in("bob")
    assert tabs(alice.get(LIST).text) == []
    answer = save(alice, "sort=stars&stars=3&stars=2&dir=desc&page=4&page_size=25", "  Best ")
    number, query, layout = views()["Best"]
    # one spelling for one state, wherever in the list one was
    assert (query, layout) == ("dir=desc&sort=stars&stars=2&stars=3", "list")
    assert answer.headers["HX-Redirect"] == f"{LIST}?{query}"
    page = alice.get(f"{LIST}?stars=2&sort=stars&dir=desc&stars=3&page=1").text
    assert rows(page) == ["Acme", "Beta"]
    assert tabs(page) == ["All", "Best"] and current(page) == ["Best"]
    assert current(alice.get(f"{LIST}?page=1").text) == ["All"]
    assert alice.get(f"/crm/views/open/{number}").location == f"{LIST}?{query}"
    panel = alice.get("/crm/views/clients/panel?layout=list&stars=0").text
    assert re.search(r'crm-row-end">2<', panel) and "For everybody" not in panel
    # it is hers alone
    assert tabs(bob.get(LIST).text) == [] and "Best" not in bob.get("/crm/views/clients/panel").text
    for method, path in (
        ("GET", "open"),
        ("GET", "edit"),
        ("POST", "edit"),
        ("POST", "delete"),
        ("POST", "default"),
    ):
        assert bob.open(f"/crm/views/{path}/{number}", method=method).status_code == 404
    assert save(bob, "stars=0", "", view=number).status_code == 404
    # names say which is which, and what was typed stays
    again = save(alice, "stars=1", "BEST")
    assert (
        again.status_code == 422 and "with this name already" in again.text and 'value="BEST"' in again.text
    )
    assert save(bob, "stars=1", "Best").status_code == 200
    assert alice.post(f"/crm/views/edit/{number}", data={"name": " "}).status_code == 422
    assert (
        alice.post(f"/crm/views/edit/{number}", data={"name": "Three stars", "shared": "1"}).status_code
        == 302
    )
    # into the same view, on the board
    assert (
        save(alice, "stars=3", "", view=number, layout="kanban").headers["HX-Redirect"] == f"{BOARD}?stars=3"
    )
    assert views()["Three stars"] == (number, "stars=3", "kanban")
    with system() as session:
        assert not session.get(SavedView, number).shared, "sharing is not hers to do"
    assert alice.post(f"/crm/views/delete/{number}").location == f"{BOARD}?stars=3"
    assert "Three stars" not in views()
    with system() as session:
        last = session.scalars(select(Operation.id).order_by(Operation.id.desc())).first()
    assert alice.post(f"/crm/operations/undo/{last}").status_code == 302
    assert views()["Three stars"] == (number, "stars=3", "kanban")


def test_a_shared_view_shows_each_what_they_may_see(make_client: Any, sign_in: Any, views: Any) -> None:
    make_client("Acme", assignees=["alice"], stars=3, email="a@acme.example")
    make_client("Beta", assignees=["charlie"], stars=3)
    office, alice, vera = sign_in("office"), sign_in("alice"), sign_in("vera")
    assert save(alice, "stars=3", "Mine", shared="1").status_code == 422 and views() == {}
    assert save(office, "stars=3", "Best", shared="1").status_code == 200
    assert save(office, "sort=email", "By mail", shared="1").status_code == 200
    number = views()["Best"][0]
    for who, found in ((office, ["Acme", "Beta"]), (alice, ["Acme"]), (vera, ["Acme", "Beta"])):
        page = who.get(who.get(f"/crm/views/open/{number}").location).text
        assert rows(page) == found and current(page) == ["Best"]
    # an order that would give away what is masked is refused for her, and said
    mail = alice.get(alice.get(f"/crm/views/open/{views()['By mail'][0]}").location)
    assert mail.status_code == 200 and rows(mail.text) == [] and "cannot be sorted" in mail.text
    assert "cannot be sorted" in alice.get("/crm/views/clients/panel").text
    # opening with it is hers to choose, changing it is not
    assert alice.post(f"/crm/views/default/{number}").status_code == 302
    for path in ("edit", "delete"):
        assert alice.post(f"/crm/views/{path}/{number}").status_code == 403
    assert save(alice, "stars=0", "", view=number).status_code == 403
    assert alice.get(LIST).location == f"{LIST}?stars=3" and alice.get(BOARD).location == f"{BOARD}?stars=3"
    # once it is not shared, it is nobody else's
    office.post(f"/crm/views/edit/{number}", data={"name": "Best"})
    assert alice.get(LIST).status_code == 200 and tabs(alice.get(LIST).text) == ["All", "By mail"]


def test_a_view_of_what_is_gone_says_so_and_shows_nobody(
    make_client: Any, sign_in: Any, system: Any, views: Any
) -> None:
    make_client("Acme")
    with system() as session:
        session.add(Tag(name="Fair"))
        session.commit()
    office = sign_in("office")
    assert save(office, "stars=many", "Odd").status_code == 422
    assert save(office, "tags=Fair", "Fair", default="1").status_code == 200
    with system() as session:
        session.delete(session.scalar(select(Tag)))
        session.commit()
    for path in (LIST, BOARD):
        page = office.get(path, follow_redirects=True)
        assert page.status_code == 200 and rows(page.text) == [] and "cannot be “Fair”" in page.text
        assert f'href="{path}?page=1">Show all' in page.text
    panel = office.get("/crm/views/clients/panel?tags=Fair").text
    assert "cannot be “Fair”" in panel
    assert rows(office.get(f"{LIST}?page=1").text) == ["Acme"]


@pytest.mark.both_engines
def test_the_list_opens_with_what_was_looked_at_last(
    make_client: Any, sign_in: Any, system: Any, views: Any
) -> None:
    make_client("Acme", assignees=["alice"])
    alice = sign_in("alice")

    def look(query: str) -> str:
        """What a browser does: the page, and then what it asks to be remembered."""
        page = alice.get(f"{LIST}?{query}").text
        for address, state in re.findall(r'data-remember="([^"]*)" data-state="([^"]*)"', page):
            assert alice.post(address, json={"state": state.replace("&amp;", "&")}).status_code == 200
        return page

    page = look("stars=0&page=1&sort=country")
    with system() as session:
        assert session.scalars(select(ListMemory.query)).all() == ["sort=country&stars=0"]
    assert "data-remember" not in look("sort=country&stars=0")
    assert alice.get(LIST).location == f"{LIST}?sort=country&stars=0"
    assert alice.get("/crm/clients/").location == LIST
    assert sign_in("bob").get(LIST).status_code == 200
    # taking the last filter away leads to all, not back
    page = look("stars=0")
    assert f'href="{LIST}?page=1" aria-label="Remove filter: Stars: 0 stars"' in page
    look("page=1")
    assert alice.get(LIST).status_code == 200
    # nothing that cannot be read is kept
    look("stars=many")
    assert alice.get(LIST).status_code == 200
    for wrong in ({}, {"state": 3}, {"state": "x" * 5000}):
        assert alice.post("/crm/views/clients/remember", json=wrong).status_code == 400
    # a view that was changed is told by where the look began
    save(alice, "stars=0", "Mine")
    look("stars=0")
    assert "(changed)" in look("stars=0&kind=company") and "(changed)" not in look("page=1")
    # the view it opens with goes before, in the layout it has
    number = views()["Mine"][0]
    save(alice, "stars=0", "", view=number, layout="kanban")
    alice.post(f"/crm/views/default/{number}")
    assert alice.get("/crm/clients/").location == f"{BOARD}?stars=0"
    assert alice.get(LIST).location == f"{LIST}?stars=0"
    alice.post(f"/crm/views/default/{number}")
    assert alice.get(LIST).status_code == 200
    for path in ("/crm/views/nothing/panel", "/crm/views/clients/panel?layout=x", "/crm/views/open/x"):
        assert alice.get(path).status_code in (400, 404)
