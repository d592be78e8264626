"""Attributes as filters and orders of lists: for clients and contacts, on every page and in the API; sensitive ones."""

import itertools
import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from crm.errors import UnknownFilter
from crm.models import AttributeOption, AttributeValue, Change, Client, Contact
from crm.models.folding import fold
from crm.registry import registry
from crm.security.visibility import as_user
from crm.services.attributes import filters as attribute_filters
from crm.services.attributes.values import set_attributes
from crm.services.clients import listing as client_listing
from crm.services.clients.filters import filtered
from crm.services.lists import listing
from tests.attributes.defining import define

URL, BOARD, API = "/crm/clients/list/", "/crm/clients/kanban/", "/api/v1/clients/"
EXPORT = "/crm/clients/export?format=csv"
TYPES = ("text", "number", "integer", "money", "date", "date_time", "yes_no", "word", "words", "link")

UNREADABLE = (
    "attr.number=many", "attr.number.from=x", "attr.integer.to=1.5", "attr.date=31.02.2026", "attr.date.to=2026-02-31",
    "attr.date_time.from=soon", "attr.yes_no=maybe", "attr.word=Mauve", "attr.words=Red,Green", "attr.text.set=perhaps",
    "attr.number=1" + "0" * 40, "attr.text=" + "x" * 2000, "attr.text.contains=a%07b", "attr.text.contains=%CC%81",
    "attr.date=0001-13-01",
    "attr.date_time=9999-12-31", "attr.link=javascript:alert(1)",
)  # fmt: skip
UNKNOWN = (
    "attr.gone=1", "attr.nothing=1", "attr.=1", "attr.number.contains=1", "attr.text.from=a", "attr.word.to=Red",
    "attr.yes_no.from=yes", "attr.number.bogus=1", "attr.number.set.set=yes", "attr.hush=x", "attr.hush.set=yes",
    "attr.hush.contains=x", "attr.hush.from=x",
)  # fmt: skip


def define_all(session: Any, applies_to: str = "client") -> None:
    for kind in TYPES:
        define(session, kind, key=kind, label=kind, applies_to=applies_to)
    define(session, "text", key="hush", label="Hush", sensitive=True, applies_to=applies_to)
    define(session, "text", key="gone", label="Gone", active=False, applies_to=applies_to)


@pytest.mark.both_engines
def test_what_cannot_be_read_is_refused_everywhere(make_client: Any, system: Any, sign_in: Any) -> None:
    number = make_client("Acme", assignees=["alice"])
    with system() as session:
        define_all(session)
        set_attributes(session.get(Client, number), {"number": 3, "hush": "x"})
        session.commit()
    alice, office = sign_in("alice"), sign_in("office")
    for query in (*UNREADABLE, *UNKNOWN):
        for page in (URL, BOARD):
            answer = alice.get(f"{page}?{query}")
            assert answer.status_code == 200 and "alert-warning" in answer.text, query
            assert ">Acme</a>" not in answer.text, query
        assert alice.get(f"/crm/clients/total?{query}").status_code == 400, query
    for query in ("attr.number=many", "attr.gone=1", "attr.hush=x"):
        assert alice.get(f"{API}?{query}").status_code == 400, query
    # what is kept from somebody looks as what is not there
    told = [alice.get(f"{API}?attr.{key}=x").json["message"].replace(key, "") for key in ("hush", "nothing")]
    assert told[0] == told[1]
    assert all(
        alice.get(f"{URL}?sort=attr.{key}").text.count("cannot be sorted") == 1 for key in ("hush", "nothing")
    )
    assert office.get(f"{EXPORT}&attr.hush.contains=x").status_code == 400
    for query in (
        "attr.number=3",
        "attr.number.to=1%C2%A0234,5",
        "attr.number.from=2&attr.number.to=4",
        "sort=attr.number&columns=attr.number",
    ):
        assert ">Acme</a>" in alice.get(f"{URL}?{query}").text, query
        assert "Acme" in office.get(f"{EXPORT}&{query}").text, query
    assert "Acme" in alice.get(f"{BOARD}?attr.number=3").text
    assert alice.get(f"{API}?attr.number=3&sort=attr.number&dir=desc").json["ids"] == [number]
    assert alice.get(f"{API}?attr.number=4").json["ids"] == []
    assert alice.get("/crm/clients/total?attr.number=3").text == "1 client"
    assert "attr.number=3" in alice.get(f"{URL}?attr.number=3").text
    # with the privilege: what equals it, and whether it is set
    admin = sign_in("admin")
    assert admin.get(f"{API}?attr.hush=x&attr.hush.set=yes").json["ids"] == [number]
    assert admin.get(f"{API}?attr.hush=y").json["ids"] == []
    assert admin.get(f"{API}?sort=attr.hush").status_code == 400
    told = admin.get("/api/v1/_openapi").json["paths"]["/api/v1/clients/"]["get"]["parameters"]
    names = {one["name"]: one for one in told}
    assert {
        "attr.number",
        "attr.number.from",
        "attr.text.contains",
        "attr.word.set",
        "attr.hush",
    } <= names.keys()
    assert "attr.hush.contains" not in names and "attr.number" in names["sort"]["schema"]["enum"]


@pytest.mark.both_engines
def test_many_owners_are_asked_one_by_one(make_client: Any, system: Any, monkeypatch: Any) -> None:
    """The same is found whether a filter finds few or many."""
    for number in range(4):
        make_client(f"Client {number}")
    asked = {"attr.number.from": "1"}, {"attr.number": "2", "attr.text.contains": "ab"}, {"attr.words": "Red"}
    with system() as session:
        define_all(session)
        for number, client in enumerate(session.scalars(select(Client).order_by(Client.id))):
            set_attributes(
                client, {"number": number, "text": "Xab", "words": ["Red", "Blue"] if number else None}
            )
        session.commit()
        found = []
        for few in (0, attribute_filters.FEW):
            monkeypatch.setattr(attribute_filters, "FEW", few)
            for sort, args in itertools.product(
                ("attr.number", "attr.words"), ({**asked[2], "attr.date.set": "no"}, {})
            ):
                order = client_listing.ordering(MultiDict({"sort": sort, "dir": "desc"}))
                names = [c.name for c in session.scalars(order.page(filtered(MultiDict(args)), 3))]
                assert len(names) == 3 and (sort != "attr.number" or names[0] == "Client 3"), (
                    few,
                    sort,
                    args,
                )
            found.append(
                [sorted(c.name for c in session.scalars(filtered(MultiDict(args)))) for args in asked]
            )
        assert found[0] == found[1] == [
            ["Client 1", "Client 2", "Client 3"], ["Client 2"], ["Client 1", "Client 2", "Client 3"],
        ]  # fmt: skip


@pytest.mark.both_engines
def test_inputs_say_which_filters_there_are(system: Any, people: dict[str, int]) -> None:
    with system() as session:
        define_all(session)
        admin, alice = (session.get(User, people[who]) for who in ("admin", "alice"))
        with as_user(admin):
            ends = {one.definition.key: [f.end for f in one.filters] for one in attribute_filters.inputs()}
            assert ends["hush"] == ["", "set"] and ends["number"] == ["", "from", "to", "set"]
            assert ends["text"] == ["", "contains", "set"] and "gone" not in ends
            assert attribute_filters.inputs("contact") == []
        with as_user(alice):
            assert "hush" not in {one.definition.key for one in attribute_filters.inputs()}
            found = {f.name: f for one in attribute_filters.inputs() for f in one.filters}
        assert found["attr.word"].choices == [(word, word) for word in ("Red", "Green", "Blue")]
        assert found["attr.yes_no"].shape == "choice" and found["attr.date.from"].shape == "day"
        assert found["attr.number.set"].in_words("yes") == "Yes"


def some_value(chance: random.Random, kind: str) -> Any:
    return {
        "text": lambda: chance.choice(["Łąka", "laka", "Zebra", "10", "9", "ä" * 300]),
        "number": lambda: Decimal(chance.randint(-5, 5)) / 2,
        "integer": lambda: chance.randint(-5, 5),
        "money": lambda: Decimal(chance.randint(-5, 5)),
        "date": lambda: date(2026, 1, chance.randint(1, 9)),
        "date_time": lambda: f"2026-01-0{chance.randint(1, 9)}T10:00:00+00:00",
        "yes_no": lambda: chance.random() < 0.5,
        "word": lambda: chance.choice(["Red", "Green", "Blue"]),
        "words": lambda: chance.sample(["Red", "Green", "Blue"], chance.randint(1, 3)),
        "link": lambda: f"https://{chance.choice('abc')}.example",
    }[kind]()


def place(kind: str, value: Any, order: list[str]) -> Any:
    if kind in ("word", "words"):
        return min(order.index(word) for word in ([value] if kind == "word" else value))
    return fold(value)[:200] if isinstance(value, str) else value


@pytest.mark.both_engines
def test_lists_in_the_order_of_an_attribute(make_client: Any, system: Any) -> None:
    """Page by page the same as sorting in Python: by value, blanks last either way, each row once."""
    chance = random.Random(3)
    for number in range(14):
        make_client(f"Client {chance.randint(10, 99)}", archived_at=None, stars=number % 2)
    with system() as session:
        clients = list(session.scalars(select(Client)))
        for client in clients:
            session.add_all(
                [Contact(client=client, first_name=f"{chance.randint(10, 99)}") for _ in range(2)]
            )
        session.commit()
        contacts = list(session.scalars(select(Contact)))
        known: dict[tuple[str, str, int], Any] = {}
        for kind, owners in (("client", clients), ("contact", contacts)):
            define_all(session, kind)
            for owner, of_type in itertools.product(owners, TYPES):
                if chance.random() < 0.6:
                    known[kind, of_type, owner.id] = some_value(chance, of_type)
                    set_attributes(owner, {of_type: known[kind, of_type, owner.id]})
            session.commit()
        # words come in the order of their list
        order = ["Blue", "Red", "Green"]
        for option in session.scalars(select(AttributeOption)):
            option.position = order.index(option.label)
        session.commit()
        pages = {
            "client": client_listing.page_of,
            "contact": lambda args: listing.page_of(registry()["contact"], args),
        }
        orders = [
            *itertools.product(["client"], [clients], TYPES, ["asc", "desc"]),
            *itertools.product(["contact"], [contacts], ["text", "words"], ["asc", "desc"]),
        ]
        for kind, owners, of_type, direction in orders:
            found: list[Any] = []
            for number in range(1, 9):
                args = {"sort": f"attr.{of_type}", "dir": direction, "page": str(number), "page_size": "5"}
                page = pages[kind](MultiDict(args))
                assert not page.message
                found += page.rows
                if not page.has_next:
                    break
            mine = {owner.id: known.get((kind, of_type, owner.id)) for owner in owners}
            there = [owner for owner in owners if mine[owner.id] is not None]

            def by(owner: Any, kind: str = kind, of_type: str = of_type, mine: Any = mine) -> Any:
                whose = (owner.client_id, owner.id) if kind == "contact" else (owner.id,)
                return place(of_type, mine[owner.id], order), *whose

            blank = [owner for owner in owners if mine[owner.id] is None]
            expected = [
                *sorted(there, key=by, reverse=direction == "desc"),
                *sorted(blank, key=lambda owner: (owner.name_key, owner.id)),
            ]
            assert [row.id for row in found] == [row.id for row in expected], (kind, of_type, direction)
        with pytest.raises(UnknownFilter):
            client_listing.ordering(MultiDict({"sort": "attr.hush"}))
        few = client_listing.ordering(MultiDict({"sort": "attr.number"})).ids(
            filtered(MultiDict({"stars": "1"}))
        )
        assert len(few) == 7 and set(few) == {client.id for client in clients if client.stars}


@pytest.mark.both_engines
def test_the_folded_text_is_sealed_and_opened_with_the_value(make_client: Any, system: Any) -> None:
    number = make_client("Acme")
    with system() as session:
        definition = define(session, "text", key="word", label="Word")
        for value in ("Sésame", "Ópen sésame " + "x" * 300):
            set_attributes(session.get(Client, number), {"word": value})
            session.commit()

        def told() -> str:
            rows = [
                row._asdict()
                for table in (AttributeValue, Change)
                for row in session.execute(select(table.__table__))
            ]
            return fold(str(rows))

        def found() -> list[int]:
            asked = filtered(MultiDict({"attr.word": "open sesame " + "x" * 300}))
            return list(session.scalars(asked.with_only_columns(Client.id)))

        assert "sesame" in told() and found() == [number]
        definition.sensitive = True
        session.commit()
        # what is decrypted on its way out of the row is all that may be told
        assert told().count("sesame") == 1 and found() == [number]
        definition.sensitive = False
        session.commit()
        assert found() == [number]
        contains = (
            filtered(MultiDict({"attr.word.contains": "SEZAM"})),
            filtered(MultiDict({"attr.word.contains": "mé x"})),
        )
        assert [len(list(session.scalars(asked))) for asked in contains] == [0, 1]


def test_contacts_by_attributes(make_client: Any, system: Any, sign_in: Any) -> None:
    mine, other = make_client("Acme", assignees=["alice"]), make_client("Other", assignees=["charlie"])
    with system() as session:
        define_all(session, "contact")
        define(session, "number", key="size", label="Size", applies_to="contact", in_list=True)
        for client, first, size in ((mine, "Ann", 3), (mine, "Ben", 9), (other, "Foreign", 3)):
            contact = Contact(client_id=client, first_name=first)
            session.add(contact)
            set_attributes(contact, {"size": size, "words": ["Red", "Blue"]})
        session.commit()
    alice, office = sign_in("alice"), sign_in("office")
    page = alice.get("/crm/contacts/list/?attr.size.from=2&attr.size.to=5&attr.words=Red").text
    assert "Ann" in page and "Ben" not in page and "Foreign" not in page
    page = alice.get("/crm/contacts/list/?sort=attr.size&dir=desc").text
    assert page.index(">Ben<") < page.index(">Ann<") and "sort=attr.size" in page
    assert "There is no filter" in alice.get("/crm/contacts/list/?attr.hush=x").text
    found = alice.get("/api/v1/contacts/?attr.size=9").json["result"]
    assert [one["first_name"] for one in found] == ["Ben"]
    assert alice.get("/api/v1/contacts/?attr.size=many").status_code == 400
    rows = office.get("/crm/contacts/export?format=csv&sort=attr.size&attr.size.to=5").text
    assert "Ann" in rows and "Foreign" in rows and "Ben" not in rows
