"""Adding and changing clients by external ID: one, many, and many callers at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    Change,
    Client,
    ClientExternalId,
    ClientTag,
    Operation,
    SearchEntry,
    Tag,
)
from crm.security.visibility import including_hidden
from crm.services.duplicates.tax_ids import set_unique
from crm.services.search.entries import matches
from crm.services.undo.operation import undo
from tests.snapshots import snapshot

URL = "/crm/clients/upsert.json"

pytestmark = pytest.mark.both_engines


def test_the_first_call_adds_and_the_second_changes(api: Any) -> None:
    office = api("office")
    body = {"app_code": "shop", "external_id": "c-123", "client": {"name": "Acme", "email": "a@acme.example",
            "tags": "north, big", "billing": {"city": "Oslo", "country": "NO"}}}  # fmt: skip
    first = office.post(URL, body)
    assert first.status_code == 201, first.text
    assert first.json["created"] is True and first.json["archived"] is False
    assert first.json["client"]["external_id"] == "c-123" and first.json["client"]["app_code"] == "shop"
    assert first.json["client"]["status"] == "new"

    body["client"] = {"phone": "+47 22 22 22 22", "tags": "big", "billing": {"street": "Karl Johan 1"}}
    second = office.post(URL, body)
    assert second.status_code == 200
    assert second.json["created"] is False and second.json["id"] == first.json["id"]
    client = second.json["client"]
    assert (client["name"], client["email"], client["tags"]) == ("Acme", "a@acme.example", ["big"])
    assert client["billing"]["city"] == "Oslo" and client["billing"]["street"] == "Karl Johan 1"

    third = office.post(URL, {**body, "client": {"email": None}})
    assert third.json["client"]["email"] is None and third.json["client"]["phone"]


def test_the_same_call_twice_changes_nothing(api: Any, system: Any) -> None:
    office = api("office")
    body = {"external_id": "7", "client": {"name": "Acme", "tags": "a,b", "consent": False}}
    first, second = office.post(URL, body), office.post(URL, body)
    assert first.json["id"] == second.json["id"]
    assert first.json["client"]["version"] == second.json["client"]["version"]
    with system() as session:
        assert session.scalar(select(func.count(Operation.id)).where(Operation.kind == "upsert")) == 1


@pytest.mark.parametrize(
    ("client", "name"),
    [
        ({"email": "jan@firma.example"}, "jan@firma.example"),
        ({"phone": "123 456 789"}, "123 456 789"),
        ({"mobile": "600 100 200"}, "600 100 200"),
        ({"first_name": "Jan", "last_name": "Nowak"}, "Jan Nowak"),
    ],
)
def test_a_name_is_made_up(api: Any, client: dict[str, Any], name: str) -> None:
    added = api("office").post(URL, {"external_id": "x", "client": client})
    assert added.status_code == 201, added.text
    assert added.json["client"]["name"] == name


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"client": {"name": "X"}}, "external_id"),
        ({"external_id": "", "client": {"name": "X"}}, "external_id"),
        ({"external_id": "x" * 201, "client": {"name": "X"}}, "external_id"),
        ({"external_id": "x", "client": {}}, "name"),
        ({"external_id": "x", "client": {"stars": 2}}, "name"),
        ({"external_id": "x", "client": {"name": "X", "colour": "red"}}, "colour"),
        ({"external_id": "x", "client": {"name": "X", "email": "no"}}, "email"),
        ({"external_id": "x", "client": "X"}, "client"),
        ({"external_id": "x", "client": {"name": "X", "external_id": "y"}}, "external_id"),
        ({"external_id": "x", "app_code": 7.5, "nonsense": 1, "client": {"name": "X"}}, "nonsense"),
    ],
)
def test_it_is_refused_at_the_field(api: Any, body: dict[str, Any], field: str) -> None:
    refused = api("office").post(URL, body)
    assert refused.status_code == 422, refused.text
    assert field in refused.json["errors"]


def test_what_is_hidden_comes_back_or_leads_on(api: Any, system: Any) -> None:
    office = api("office")
    for number in ("1", "2", "3"):
        office.post(URL, {"external_id": number, "client": {"name": f"Client {number}"}})
    with system():
        one, two, three = db.session.scalars(select(Client).order_by(Client.id))
        one.archived_at = two.deleted_at = datetime.now(UTC)
        db.session.flush()
        three.merged_into_id = one.id
        db.session.commit()
    archived = office.post(URL, {"external_id": "1", "client": {"notes": "x"}})
    assert archived.status_code == 200 and archived.json["archived"] is True
    assert archived.json["client"]["notes"] == "x"
    bad = office.post(URL, {"external_id": "2", "client": {"notes": "x", "status": "nope"}})
    assert bad.status_code == 422
    restored = office.post(URL, {"external_id": "2", "client": {"notes": "x", "tags": "back"}})
    assert restored.status_code == 200 and restored.json["restored"] is True, restored.text
    assert restored.json["client"]["tags"] == ["back"]
    merged = office.post(URL, {"external_id": "3", "client": {"notes": "y"}})
    assert merged.json["id"] == archived.json["id"] and merged.json["client"]["notes"] == "y"


def test_the_id_of_a_client_out_of_sight_says_nothing(api: Any, make_client: Any, system: Any) -> None:
    other = make_client("Secret Ltd", assignees=["charlie"])
    with system():
        db.session.add(ClientExternalId(client_id=other, external_id="c-1"))
        db.session.commit()
    refused = api("alice").post(URL, {"external_id": "c-1", "client": {"name": "Mine"}})
    assert refused.status_code == 409
    assert "Secret" not in refused.text and str(other) not in str(refused.json["errors"])
    alice = api("alice")
    mine = alice.post(URL, {"external_id": "c-2", "client": {"name": "Mine"}})
    assert mine.json["client"]["assignees"] == ["alice"]
    taken = alice.put(f"/api/v1/clients/{mine.json['id']}", {"external_id": "c-1", "email": "a@b.example"})
    assert taken.status_code == 409, taken.text
    with system():
        assert db.session.get(Client, other).name == "Secret Ltd"


def test_rows_fail_alone(api: Any, system: Any) -> None:
    rows: list[Any] = [
        {"external_id": str(n), "client": {"name": f"Client {n}", "tags": "all"}} for n in range(20)
    ]
    rows[3] = {"external_id": "3", "client": {"name": "X", "nonsense": 1}}
    rows[7] = "nonsense"
    # cut in the middle of a character, as some programs do
    rows[8]["client"]["notes"], rows[9]["client"]["stars"] = "\ud83d", 2**70
    rows[11] = {"external_id": "11", "client": {"name": "X", "status": "nope"}}
    rows[13] = {"external_id": "12", "client": {"phone": "600 100 200"}}
    rows[17] = {"external_id": "17", "name": "Flat", "app_code": "other"}
    answer = api("office").post(URL, {"app_code": "shop", "clients": rows})
    assert answer.status_code == 200, answer.text
    results = answer.json["results"]
    assert [r["index"] for r in results] == list(range(20))
    assert [r["index"] for r in results if "errors" in r] == [3, 7, 8, 9, 11]
    assert results[8]["errors"] == {"client": ["A text contains a character that cannot be stored."]}
    assert results[11]["errors"]["status"] and "nonsense" in results[3]["errors"]
    assert results[13]["created"] is False and results[13]["id"] == results[12]["id"]
    with system() as session:
        assert session.scalar(select(func.count(Client.id))) == 14
        assert session.scalar(select(func.count(Tag.id))) == 1
        assert session.get(Client, results[12]["id"]).phone == "600 100 200"
        codes = session.scalars(select(ClientExternalId.app_code)).all()
        assert codes.count("shop") == 13 and codes.count("other") == 1


def test_a_row_refused_at_the_flush_leaves_nothing_behind(api: Any, system: Any) -> None:
    with system() as session:
        set_unique(True)
        session.commit()
    sent = [
        {"external_id": str(n), "client": {"name": f"Client {n}", "tags": "all", "tax_id": tax_id}}
        for n, tax_id in enumerate(("111-11-11-111", "5260250274", "526-025-02-74"))
    ]
    results = api("office").post(URL, {"clients": sent}).json["results"]
    assert [row.get("created") for row in results] == [True, True, None] and results[2]["code"] == 409
    with system() as session:
        for model in (Client, ClientTag, ClientExternalId):
            assert session.scalar(select(func.count(model.id))) == 2


@pytest.mark.parametrize("codes", ["ab", "ba"])
def test_of_two_rows_of_one_client_the_later_row_says(
    api: Any, make_client: Any, system: Any, codes: str
) -> None:
    number = make_client("Acme")
    with system() as session:
        session.add_all(
            ClientExternalId(client_id=number, app_code=code, external_id="7") for code in ("a", "b")
        )
        session.commit()
    sent = [
        {"app_code": code, "external_id": "7", "client": {"name": f"Of {code}", "stars": stars, "tags": code}}
        for stars, code in enumerate(codes, 1)
    ]
    results = api("office").post(URL, {"clients": sent}).json["results"]
    assert [row["id"] for row in results] == [number, number]
    with system() as session:
        client = session.get(Client, number)
        later = codes[1]
        assert (client.name, client.stars, [tag.name for tag in client.tags]) == (f"Of {later}", 2, [later])


def test_too_many_rows(api: Any) -> None:
    refused = api("office").post(
        URL, {"clients": [{"external_id": str(n), "name": "x"} for n in range(1001)]}
    )
    words = "At most 1000 clients at once."
    assert refused.status_code == 413
    assert refused.json == {"code": 413, "errors": {"clients": [words]}, "message": words}
    assert api("office").post(URL, {"clients": {}}).status_code == 422
    assert api("office").post(URL, {"clients": [], "more": 1}).status_code == 422
    assert api("office").post(URL, {"clients": []}).json == {"results": []}


def test_who_may(api: Any) -> None:
    body = {"external_id": "1", "client": {"name": "X"}}
    assert api("vera").post(URL, body).status_code == 403
    assert api("office", scopes="read").post(URL, body).status_code == 403
    assert api("office", scopes="notes:write").post(URL, body).status_code == 403
    assert api("office", scopes="clients:write").post(URL, body).status_code == 201


def test_twenty_first_calls_at_once_make_one_client(app: Any, api: Any, system: Any) -> None:
    office = api("office")

    def call(number: int) -> Any:
        return office.post(
            URL, {"app_code": "shop", "external_id": "c-1", "client": {"name": f"Name {number}"}}
        )

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(call, range(20)))
    assert [a.status_code for a in answers if a.status_code not in (200, 201)] == []
    assert sum(a.status_code == 201 for a in answers) == 1
    assert len({a.json["id"] for a in answers}) == 1
    with system() as session, including_hidden():
        assert session.scalar(select(func.count(Client.id))) == 1


def test_batches_at_once_in_any_order(api: Any, system: Any) -> None:
    office = api("office")
    rows = [{"external_id": str(n), "client": {"name": f"Client {n}", "tags": "all"}} for n in range(60)]

    def call(number: int) -> Any:
        mine = rows[number * 7 :] + rows[: number * 7]
        return office.post(URL, {"clients": mine[::-1] if number % 2 else mine})

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(call, range(6)))
    assert all(a.status_code == 200 and not any("errors" in r for r in a.json["results"]) for a in answers)
    with system() as session:
        assert session.scalar(select(func.count(Client.id))) == 60
        # what an attempt that was given up had linked is not there twice
        assert session.scalar(select(func.count(ClientTag.id))) == 60
        assert session.scalar(select(func.count(ClientExternalId.id))) == 60
        logged = select(func.count(Change.id)).where(
            Change.table_name.in_(["client_tag", "client_external_id"])
        )
        assert session.scalar(logged) == 120


def test_a_thousand_rows_are_one_operation(api: Any, system: Any) -> None:
    rows = [{"external_id": str(n), "client": {"name": f"Client {n}", "email": f"c{n}@x.example",
             "phone": f"600 {n:06}", "tags": "all,some", "billing": {"city": "Łódź", "country": "PL"}}}
            for n in range(1000)]  # fmt: skip
    office = api("office")
    first = office.post(URL, {"clients": rows})
    assert all(r.get("created") for r in first.json["results"]), first.text[:500]
    for row in rows:
        row["client"]["notes"] = "changed"
    second = office.post(URL, {"clients": rows})
    assert not any(r["created"] for r in second.json["results"])
    with system() as session:
        assert session.scalar(select(func.count(Operation.id)).where(Operation.kind == "upsert")) == 2
        assert session.scalar(select(func.count(Change.id)).where(Change.table_name == "client")) == 2000


def test_a_batch_is_undone_whole_with_tags_and_names(api: Any, system: Any) -> None:
    office = api("office")
    sent = [{"external_id": f"e-{n}", "client": {"name": f"Client {n}", "tags": "a,b"}} for n in range(3)]
    numbers = [row["id"] for row in office.post(URL, {"clients": sent}).json["results"]]
    with system():
        found = db.session.scalars(select(SearchEntry.row_id).where(matches("e-1")))
        assert list(found) == [numbers[1]]
        added = snapshot()
    for row, tags in zip(sent, ("b,c", "", "a,b"), strict=True):
        row["client"]["tags"] = tags
    office.post(URL, {"clients": sent})
    shown = [office.get(f"/api/v1/clients/{number}").json["result"]["tags"] for number in numbers]
    assert shown == [["b", "c"], [], ["a", "b"]]
    with system() as session:
        changed, made = session.scalars(
            select(Operation.id).where(Operation.kind == "upsert").order_by(Operation.id.desc())
        )
        told = select(Change.client_id, Change.table_name, Change.action).where(
            Change.operation_id == changed
        )
        assert {tuple(row) for row in session.execute(told) if row.table_name == "client_tag"} == {
            (numbers[0], "client_tag", "delete"), (numbers[0], "client_tag", "insert"),
            (numbers[1], "client_tag", "delete"),
        }  # fmt: skip
        undo(changed)
        session.commit()
        assert snapshot() == added
        undo(made)
        session.commit()
        # in the trash, as clients are that were added and are to be so no longer
        assert session.scalar(select(func.count(Client.id))) == 0


def test_what_was_read_can_be_sent_back_by_who_does_not_see_all(api: Any, system: Any) -> None:
    with system() as session:
        session.add(AttributeDefinition(key="id_card", label="ID card", type="text", sensitive=True))
        session.commit()
    api("admin").post(
        URL, {"external_id": "1", "client": {"name": "Acme", "id_card": "X1", "assignees": ["alice"]}}
    )
    shown = api("alice").get("/crm/clients/e/1.json").json
    assert "id_card" in shown
    sent = {name: value for name, value in shown.items() if name not in ("external_id", "app_code")}
    again = api("alice").post(URL, {"external_id": "1", "client": sent})
    assert again.status_code == 200, again.json
