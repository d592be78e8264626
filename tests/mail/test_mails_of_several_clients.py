"""A mail of several clients shows when one of them does, on every surface; Charlie sees only his client."""

from typing import Any

import pytest
from sqlalchemy import func, select

from crm.extensions import db
from crm.models import Client, Email, EmailClient, Operation, SearchEntry, TimelineEntry
from crm.models.types import utc_now
from crm.security.visibility import as_user, including_hidden
from crm.services.clients.trash import purge
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo
from tests.users import user

MARK = "Quixotic"


@pytest.fixture
def world(make_client: Any, system: Any) -> dict[str, int]:
    """A mail of Alice's client that concerns Charlie's too, and one that concerns a client of nobody."""
    ids = {
        "alice": make_client("Alicja", assignees=["alice"]),
        "charlie": make_client("Karol", assignees=["charlie"]),
        "nobody": make_client("Niczyj"),
    }
    with system() as session:
        mail = Email(
            client_id=ids["alice"], subject=f"{MARK} ring", to="q@example.com", text="the words of it"
        )
        mail.other_client_links = [EmailClient(client_id=ids["charlie"])]
        hidden = Email(client_id=ids["alice"], subject="For Alice alone", to="q@example.com")
        hidden.other_client_links = [EmailClient(client_id=ids["nobody"])]
        session.add_all([mail, hidden])
        session.commit()
        ids |= {"mail": mail.id, "other": hidden.id}
    return ids


@pytest.mark.both_engines
@pytest.mark.parametrize("few", [True, False], ids=["few", "many"])
def test_who_sees_it(app: Any, world: Any, few: bool, monkeypatch: Any) -> None:
    monkeypatch.setattr("crm.security.viewer.FEW", 10_000 if few else 0)
    seen = {
        "alice": {"mail", "other"},
        "bob": {"mail", "other"},
        "charlie": {"mail"},
        "office": {"mail", "other"},
    }
    for name, mails in seen.items():
        with app.app_context(), as_user(user(name)):
            assert set(db.session.scalars(select(Email.id))) == {world[mail] for mail in mails}
            asked = select(SearchEntry.row_id).where(SearchEntry.table_name == "email")
            assert set(db.session.scalars(asked)) == {world[mail] for mail in mails}
            mail = db.session.get(Email, world["mail"])
            told = [client.name for client in (mail.client, *mail.other_clients) if client is not None]
            assert told == {"charlie": ["Karol"], "office": ["Alicja", "Karol"]}.get(name, ["Alicja"])
            db.session.remove()


@pytest.mark.both_engines
def test_every_page_of_the_other_client(world: Any, sign_in: Any) -> None:
    charlie, mail = sign_in("charlie"), world["mail"]
    card = f"/crm/clients/show/{world['charlie']}"
    for url in (
        card, f"{card}?tab=emails", f"/crm/emails/show/{mail}", "/crm/emails/list/", f"/crm/search?q={MARK[:5]}",
        f"/crm/emails/list/?client={world['charlie']}", "/crm/emails/list/?search=quixo",
        f"/crm/clients/timeline/{world['charlie']}", "/api/v1/emails/", f"/api/v1/emails/{mail}",
        f"/api/v1/emails/?client={world['charlie']}", "/crm/emails/choices?q=quix",
    ):  # fmt: skip
        page = charlie.get(url)
        assert page.status_code == 200, url
        assert MARK in page.text, url
        assert "Alicja" not in page.text and "For Alice alone" not in page.text, url
    assert charlie.get(f"/crm/emails/show/{world['other']}").status_code == 404
    assert charlie.get(f"/crm/emails/body/{world['other']}").status_code == 404
    assert charlie.get(f"/api/v1/emails/?client={world['alice']}").json["count"] == 0
    assert charlie.get(f"/api/v1/emails/{mail}").json["result"]["client"] is None
    assert charlie.get(f"/api/v1/emails/{mail}").json["result"]["other_clients"] == [world["charlie"]]
    office = sign_in("office")
    for client in ("alice", "charlie"):
        assert MARK in office.get(f"/crm/clients/timeline/{world[client]}").text
        assert MARK in office.get(f"/crm/clients/show/{world[client]}").text


def test_an_edit_by_one_who_sees_one_side_keeps_the_other(world: Any, sign_in: Any, system: Any) -> None:
    charlie, mail = sign_in("charlie"), world["mail"]
    form = charlie.get(f"/crm/emails/edit/{mail}")
    assert form.status_code == 200 and "Alicja" not in form.text
    data = {"subject": "Changed", "client": "", "other_client_links": str(world["charlie"])}
    assert charlie.post(f"/crm/emails/edit/{mail}", data=data).status_code == 302
    with system() as session:
        assert places(session, mail) == ({world["alice"], world["charlie"]}, world["alice"])
    # whoever takes their own client away from it loses sight of it
    assert charlie.put(f"/api/v1/emails/{mail}", json={"other_clients": []}).status_code == 200
    assert charlie.get(f"/api/v1/emails/{mail}").status_code == 404
    with system() as session:
        found = session.get(Email, mail)
        assert (found.subject, found.client_id) == ("Changed", world["alice"])
        assert places(session, mail)[0] == {world["alice"]}


def test_links_are_written_by_form_and_api(world: Any, sign_in: Any, system: Any, make_client: Any) -> None:
    alice, mine = sign_in("alice"), make_client("Second", assignees=["alice"])
    data = {"client": world["alice"], "other_client_links": [str(mine)], "to": ["Ewa <ewa@example.com>"],
            "direction": "out", "state": "recorded", "subject": "For both"}  # fmt: skip
    assert alice.post("/crm/emails/add", data=data).status_code == 302
    refused = alice.post("/crm/emails/add", data={**data, "other_client_links": [str(world["charlie"])]})
    assert refused.status_code == 422 and "There is no such record." in refused.text
    answer = alice.post("/api/v1/emails/", json={"client": world["alice"], "other_clients": [mine, world["alice"]],
                                                 "to": "ewa@example.com"})  # fmt: skip
    assert answer.status_code == 201, answer.text
    assert answer.json["result"]["other_clients"] == [mine]
    assert (
        alice.put(
            f"/api/v1/emails/{answer.json['id']}", json={"other_clients": [world["charlie"]]}
        ).status_code
        == 422
    )
    with system() as session:
        pairs = session.execute(select(Email.subject, EmailClient.client_id).join(Email.other_client_links))
        assert ("For both", mine) in [tuple(pair) for pair in pairs]
        entries = select(func.count()).where(
            TimelineEntry.client_id == mine, TimelineEntry.table_name == "email"
        )
        assert session.scalar(entries) == 2


def places(session: Any, mail: int) -> tuple[set[int], int | None]:
    """(on which timelines a mail stands, the client of its search entry)."""
    told = select(TimelineEntry.client_id).where(
        TimelineEntry.table_name == "email", TimelineEntry.row_id == mail
    )
    entry = select(SearchEntry.client_id).where(SearchEntry.table_name == "email", SearchEntry.row_id == mail)
    found = list(session.scalars(told))
    assert len(found) == len(set(found))
    return set(found), session.scalar(entry)


@pytest.mark.both_engines
@pytest.mark.parametrize("which", ["own", "further", "both"])
def test_merge_and_unmerge(world: Any, system: Any, make_client: Any, sign_in: Any, which: str) -> None:
    mail = world["mail"]
    target = make_client("Target", assignees=["bob"]) if which != "both" else world["charlie"]
    source = world["charlie"] if which == "further" else world["alice"]
    with system() as session:
        before = places(session, mail)
        number = merge(source, target)
        session.commit()
    after = {world["alice"], world["charlie"], target} - {source}
    with system() as session:
        assert places(session, mail)[0] == after
        assert places(session, mail)[1] == (world["alice"] if which == "further" else target)
    office = sign_in("office")
    card = office.get(f"/crm/clients/show/{target}?tab=emails").text
    assert card.count(f"{MARK} ring</a>") == 1
    assert office.get(f"/api/v1/emails/?client={target}").json["ids"].count(mail) == 1
    page = office.get(f"/crm/emails/show/{mail}").text.split("</nav>")
    assert "".join(page).count(f"/crm/clients/show/{target}") == 1
    with system() as session:
        undo(number)
        session.commit()
    with system() as session:
        assert places(session, mail) == before


def test_deleted_and_brought_back_with_its_hidden_links(
    world: Any, sign_in: Any, system: Any, people: Any
) -> None:
    with system() as session:
        session.get(Email, world["mail"]).created_by_id = people["charlie"]
        session.commit()
    charlie = sign_in("charlie")
    assert charlie.post(f"/crm/emails/delete/{world['mail']}").status_code == 302
    with system() as session:
        assert session.get(Email, world["mail"]) is None
        undo(session.scalars(select(Operation.id).order_by(Operation.id.desc())).first())
        session.commit()
    with system() as session:
        mail = session.get(Email, world["mail"])
        assert [link.client_id for link in mail.other_client_links] == [world["charlie"]]
        assert places(session, world["mail"])[0] == {world["alice"], world["charlie"]}


@pytest.mark.both_engines
def test_trash_and_purge_leave_it_to_the_others(world: Any, system: Any, sign_in: Any) -> None:
    with system() as session:
        session.get(Client, world["alice"]).deleted_at = utc_now()
        session.commit()
    charlie = sign_in("charlie")
    assert MARK in charlie.get(f"/crm/emails/show/{world['mail']}").text
    with system() as session, including_hidden():
        purge(session.get(Client, world["alice"]))
        session.commit()
    with system() as session:
        mail = session.get(Email, world["mail"])
        assert mail.client_id == world["charlie"]
        assert places(session, world["mail"]) == ({world["charlie"]}, world["charlie"])
        assert session.get(Email, world["other"]).client_id == world["nobody"]
    assert MARK in charlie.get(f"/crm/search?q={MARK}").text


def test_one_sensitive_client_masks_the_mail(world: Any, system: Any, sign_in: Any) -> None:
    alice = sign_in("alice")
    assert "q@example.com" in alice.get(f"/crm/emails/show/{world['mail']}").text
    with system() as session:
        session.get(Client, world["charlie"]).sensitive = True
        session.commit()
    for url in (
        f"/crm/emails/show/{world['mail']}",
        "/crm/emails/list/?search=quixotic",
        f"/api/v1/emails/{world['mail']}",
    ):
        page = alice.get(url)
        assert MARK in page.text and "q@example.com" not in page.text, url
    assert alice.get("/crm/emails/list/?search=q@example.com").text.count(MARK) == 0
    assert MARK in sign_in("office").get("/crm/emails/list/?search=q@example.com").text
