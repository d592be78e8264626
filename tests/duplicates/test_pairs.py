"""Likely duplicates: found while a client is typed and by the search, shown as far as one may see, set aside."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from crm.models import Client, DuplicateKey, DuplicatePair, DuplicateTodo, NotDuplicate, Setting
from crm.models.types import utc_now
from crm.services.clients.trash import find_trashed, purge
from crm.services.duplicates.searching import look_at_portion
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo

MILL = {"kind": "company", "tax_id": "PL 123-456-32-18", "billing_city": "Kraków", "phone": "+48 601 202 303"}
PAGE, CHECK = "/crm/clients/duplicates/", "/crm/clients/duplicates/check"


@pytest.fixture
def search(system: Any) -> Callable[[], set[tuple[int, int]]]:
    """Look at what waits for it; gives the pairs that are known then and not set aside."""

    def searched() -> set[tuple[int, int]]:
        with system() as session:
            while look_at_portion():
                pass
            shown = select(DuplicatePair.client_id, DuplicatePair.other_id).where(~DuplicatePair.dismissed)
            return {tuple(row) for row in session.connection().execute(shown)}

    return searched


@pytest.mark.both_engines
def test_found_while_typing_as_far_as_one_may_see(make_client: Any, sign_in: Any, system: Any) -> None:
    alices = make_client("Żółty Młyn Sp. z o.o.", assignees=["alice"], **MILL)
    make_client(
        "Charlies",
        assignees=["charlie"],
        kind="company",
        tax_id="5260001246",
        regon="123456785",
        email="c@c.example",
    )
    make_client("Old one", assignees=["alice"], phone="501502503", archived_at=utc_now())
    binned = make_client("Binned", assignees=["alice"], phone="501 502 503", deleted_at=utc_now())
    make_client("Secret", assignees=["alice"], sensitive=True, email="s@s.example", phone="701702703")
    gone = make_client("Gone", assignees=["alice"], email="gone@gone.example")
    with system() as session:
        merge(gone, alices)
        session.commit()
    alice, office = sign_in("alice"), sign_in("office")

    def check(of: Any, **typed: str) -> str:
        answer = of.post(CHECK, data={"kind": "company", **typed})
        assert answer.status_code == 200
        return answer.text

    told = check(alice, name="mlyn zolty", billing_city="krakow")
    assert "Żółty Młyn" in told
    assert "Alice" in told
    assert "Żółty Młyn" in check(alice, name="?", tax_id="1234563218")
    assert "Żółty Młyn" in check(alice, name="?", email="GONE@gone.example")
    told = check(alice, name="Charlies", tax_id="526-000-12-46", email="c@c.example")
    assert "can't see has this tax ID" in told
    assert "can't see has this e-mail" in told
    assert "Charlies" not in told
    assert "can't see" not in check(alice, name="Charlies", billing_city="Kraków")
    assert "Charlies" in check(office, name="?", tax_id="526-000-12-46")
    told = check(alice, name="?", phone="+48501502503")
    assert "Archived" in told
    assert "In the trash" in told
    assert f"/trash/restore/{binned}" not in told
    assert f"/trash/restore/{binned}" in check(office, name="?", phone="+48501502503")
    assert check(alice, name="?", email="s@s.example", phone="701702703").strip() == ""
    assert "Secret" in check(office, name="?", email="s@s.example")
    assert check(alice, name="Żółty Młyn", billing_city="Kraków", own=str(alices)).strip() == ""
    assert sign_in("vera").post(CHECK, data={}).status_code in (302, 403)


@pytest.mark.both_engines
def test_search_page_and_setting_aside(make_client: Any, sign_in: Any, search: Any, system: Any) -> None:
    first = make_client("Żółty Młyn Sp. z o.o.", assignees=["alice"], email="m@m.example", **MILL)
    second = make_client("Zolty Mlyn", assignees=["bob"], phone="601202303")
    charlies = make_client("Młyn Żółty", assignees=["charlie"], email="M@m.example")
    make_client("Other", assignees=["alice"], email="other@other.example")
    assert search() == {(first, second), (first, charlies)} | ({(second, charlies)} & search())
    alice, office = sign_in("alice"), sign_in("office")
    page = alice.get(PAGE).text
    assert "Zolty Mlyn" in page
    assert "Młyn Żółty" not in page
    assert "Młyn Żółty" in office.get(PAGE).text
    assert f"source={second}&amp;target={first}" in page
    assert "Zolty Mlyn" in alice.get(f"{PAGE}?reason=phone").text
    assert "Zolty Mlyn" not in alice.get(f"{PAGE}?reason=pesel").text
    assert alice.get(f"{PAGE}?reason=shoe").status_code == 400
    assert alice.get(f"{PAGE}?client={charlies}").status_code == 404
    assert "1 likely duplicate" in alice.get(f"/crm/clients/show/{first}").text
    assert alice.post(f"{PAGE}dismiss", data={"client": first, "others": charlies}).status_code == 404

    assert alice.post(f"{PAGE}dismiss", data={"client": second, "others": first}).status_code == 302
    assert "is not counted as a duplicate" in alice.get(PAGE).text
    assert "Zolty Mlyn" not in alice.get(PAGE).text
    assert "Zolty Mlyn" in alice.get(f"{PAGE}?show=set-aside").text
    with system() as session:
        session.get(Client, second).billing_city = "Kraków"
        session.commit()
    assert (first, second) not in search()
    # a strong key in common that they had not
    with system() as session:
        session.get(Client, second).tax_id = "1234563218"
        session.commit()
    assert (first, second) in search()
    # said again, and taken back by undo and by the button
    alice.post(f"{PAGE}dismiss", data={"client": second, "others": first})
    with system() as session:
        assert session.scalar(select(DuplicatePair.dismissed).where(DuplicatePair.other_id == second))
        said = session.scalars(select(NotDuplicate)).one()
    assert alice.post(f"{PAGE}take-back/{said.id}").status_code == 302
    assert "Zolty Mlyn" in alice.get(PAGE).text


@pytest.mark.both_engines
def test_merge_trash_undo_and_purge_are_followed(make_client: Any, system: Any, search: Any) -> None:
    one = make_client("Acme", email="a@acme.example")
    two = make_client("Acme Ltd", email="a@acme.example")
    three = make_client("Acme", phone="601202303")
    four = make_client("Acme Polska", phone="601202303")
    pairs = search()
    assert (one, two) in pairs
    with system() as session:
        number = merge(two, one)
        merge(four, three)
        session.commit()
    assert search() >= {(one, two)}
    with system() as session:
        keys = {tuple(row) for row in session.connection().execute(select(DuplicateKey.__table__))}
        undo(number)
        session.commit()
        client = session.get(Client, two)
        client.email = "b@acme.example"
        session.commit()
        assert {tuple(row) for row in session.connection().execute(select(DuplicateKey.__table__))} != keys
        table = Client.__table__
        wrong = session.connection().execute(
            table.update().where(table.c.id == one).values(deleted_at=utc_now())
        )
        assert wrong.rowcount == 1
        session.commit()
        purge(find_trashed(one))
        session.commit()
        left = session.connection().scalar(
            select(func.count()).select_from(DuplicateKey.__table__).where(DuplicateKey.client_id == one)
        )
        assert left == 0
    search()
    with system() as session:
        assert session.connection().scalar(select(func.count()).select_from(DuplicateTodo.__table__)) == 0


def test_sensitive_data_gives_no_pair_away(make_client: Any, sign_in: Any, search: Any) -> None:
    make_client("Blue", assignees=["alice"], sensitive=True, email="same@same.example", tax_id="1234563218")
    make_client("Blues", assignees=["alice"], email="same@same.example", tax_id="PL1234563218")
    assert len(search()) == 1
    assert "Blues" in sign_in("office").get(PAGE).text
    assert "Blues" not in sign_in("alice").get(PAGE).text


@pytest.mark.both_engines
def test_a_tax_id_is_had_once_where_the_setting_says_so(make_client: Any, sign_in: Any, system: Any) -> None:
    make_client("Charlies", assignees=["charlie"], tax_id="PL 123-456-32-18")
    twice = make_client("Twice", assignees=["alice"], tax_id="1234563218")
    office, alice = sign_in("office"), sign_in("alice")
    assert alice.get("/settings/duplicates").status_code in (302, 403, 404)
    assert office.post("/settings/duplicates", data={"unique_tax_id": "yes"}).status_code == 302
    with system() as session:
        assert session.scalar(select(Setting.value).where(Setting.key == "unique_tax_id")) is True
    typed = {"kind": "company", "name": "New", "email": "n@n.example", "tax_id": "123 456 32 18"}
    answer = sign_in("charlie").post("/crm/clients/add", data=typed)
    assert answer.status_code == 422
    assert "“Charlies” has this tax ID already." in answer.text
    assert 'value="123 456 32 18"' in answer.text
    taken = alice.post("/crm/clients/add", data={**typed, "tax_id": "5260001246"})
    assert taken.status_code == 302
    with system() as session:
        session.scalars(select(Client).where(Client.name == "New")).one().deleted_at = utc_now()
        session.commit()
    answer = alice.post("/crm/clients/add", data={**typed, "name": "Newer", "tax_id": "526-000-12-46"})
    assert "in the trash has this tax ID" in answer.text
    # what is there twice stays, can be edited, and merged
    edited = alice.post(f"/crm/clients/edit/{twice}", data={"name": "Twice again", "base": "{}"})
    assert edited.status_code == 302
    with system() as session:
        fresh = make_client("Fresh", assignees=["alice"])
        number = merge(twice, fresh)
        session.commit()
        assert session.get(Client, fresh).tax_id_key == "PL1234563218"
        undo(number)
        session.commit()
        assert session.get(Client, fresh).tax_id_key is None
