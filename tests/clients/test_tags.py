"""Tags: typed onto a client, taken off, suggested, and the admin's page."""

import re

import pytest
from sqlalchemy import select

from crm.models import Change, Client, Operation, Tag


@pytest.fixture
def tag(system):
    """`tag("Wholesale")` -> id."""

    def make(name: str) -> int:
        with system() as session:
            one = Tag(name=name)
            session.add(one)
            session.commit()
            return one.id

    return make


@pytest.fixture
def tags_of(system):
    def names(client: int) -> list[str]:
        with system() as session:
            return sorted(t.name for t in session.get(Client, client).tags)

    return names


@pytest.mark.both_engines
def test_typing_one_onto_a_client(make_client, sign_in, tags_of, tag, system):
    client, wholesale = make_client("Acme", assignees=["alice"]), tag("Wholesale")
    alice, url = sign_in("alice"), f"/crm/clients/tags/{client}"
    answer = alice.post(url, data={"add": " wholesale "})
    assert answer.status_code == 200 and "Wholesale" in answer.text
    assert alice.post(url, data={"add": "Nowy  klient"}).status_code == 200
    assert alice.post(url, data={"add": "WHOLESALE"}).status_code == 200
    assert tags_of(client) == ["Nowy klient", "Wholesale"]
    with system() as session:
        operation = session.scalars(select(Operation).order_by(Operation.id.desc())).first()
        assert operation.client_id == client
    assert alice.post(url, data={"remove": wholesale}).status_code == 200
    assert alice.post(url, data={"remove": wholesale}).status_code == 200
    assert tags_of(client) == ["Nowy klient"]
    with system() as session:
        removed = session.scalars(
            select(Change).where(Change.action == "delete", Change.table_name == "client_tag")
        )
        assert [c.client_id for c in removed] == [client]


def test_what_is_no_tag(make_client, sign_in, tags_of):
    client = make_client("Acme", assignees=["alice"])
    for wrong in ("a,b", "x" * 61, "…".replace("…", "\x07"), "́"):
        answer = sign_in("alice").post(f"/crm/clients/tags/{client}", data={"add": wrong})
        assert answer.status_code in (400, 422), wrong
    assert tags_of(client) == []


def test_who_may(make_client, sign_in, tags_of, tag):
    client = make_client("Acme", assignees=["alice"])
    tag("Wholesale")
    url = f"/crm/clients/tags/{client}"
    assert sign_in("charlie").post(url, data={"add": "Wholesale"}).status_code == 404
    assert sign_in("charlie").get(url).status_code == 404
    assert sign_in("vera").post(url, data={"add": "Wholesale"}).status_code in (302, 403)
    assert tags_of(client) == []


def test_suggestions(sign_in, tag):
    for name in ("Wholesale", "Whisky", "Nowhere", "Łódź"):
        tag(name)
    browser = sign_in("alice")

    def offered(typed: str) -> list[str]:
        return [r["text"] for r in browser.get(f"/crm/clients/tag-choices?q={typed}").json["results"]]

    assert offered("wh") == ["Whisky", "Wholesale", "Nowhere"]
    assert offered("lodz") == ["Łódź"] and offered("%") == [] and len(offered("")) == 4


def test_the_admins_page(make_client, sign_in, system, tag, tags_of):
    one, two = tag("Whole sale"), tag("Wholesale")
    client = make_client("Acme")
    with system() as session:
        session.get(Client, client).tags = [session.get(Tag, one)]
        session.commit()
    browser = sign_in("office")
    page = browser.get("/crm/tags/list/").text
    link = re.search(r'href="([^"]+tags=Whole\+sale|[^"]+tags=Whole%20sale)" aria-label="1 client"', page)
    assert link and "Acme" in browser.get(link[1]).text
    assert (
        browser.post(f"/crm/tags/edit/{one}", data={"name": "Retail", "colour": "#abcdef"}).status_code == 302
    )
    assert (
        tags_of(client) == ["Retail"]
        and f".colour-tag-{one}{{--badge-back:#abcdef" in browser.get("/crm/colours.css").text
    )
    taken = browser.post(f"/crm/tags/edit/{one}", data={"name": "wholesale", "colour": "#abcdef"})
    assert taken.status_code == 422 and "Merge the two" in taken.text
    assert two


@pytest.mark.both_engines
def test_merging_two(make_client, sign_in, system, tag, tags_of):
    source, target = tag("Whole sale"), tag("Wholesale")
    clients = [make_client(f"Client {n}") for n in range(3)]
    with system() as session:
        for client, ids in zip(clients, ([source], [source, target], [target]), strict=True):
            session.get(Client, client).tags = [session.get(Tag, i) for i in ids]
        session.commit()
    url, browser = f"/crm/tags/merge/{source}", sign_in("admin")
    assert browser.get(url).status_code == 200
    for wrong in ("", str(source), "999"):
        assert browser.post(url, data={"target": wrong}).status_code == 422
    assert browser.post(url, data={"target": target}).status_code == 302
    assert [tags_of(c) for c in clients] == [["Wholesale"]] * 3
    with system() as session:
        assert session.get(Tag, source) is None
        operation = session.scalars(select(Operation).order_by(Operation.id.desc())).first()
        changes = select(Change.client_id).where(
            Change.operation_id == operation.id, Change.table_name == "client_tag"
        )
        assert sorted(session.scalars(changes)) == clients[:2]


def test_deleting_one_takes_it_off_every_client(make_client, sign_in, system, tag, tags_of):
    number, client = tag("Gone"), make_client("Acme")
    with system() as session:
        session.get(Client, client).tags = [session.get(Tag, number)]
        session.commit()
    assert sign_in("alice").post(f"/crm/tags/delete/{number}").status_code in (302, 403)
    assert tags_of(client) == ["Gone"]
    assert sign_in("office").post(f"/crm/tags/delete/{number}").status_code == 302
    assert tags_of(client) == []
