"""E-mails: conversations, drafts, answers, addresses; bodies in frames of their own; masks."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from crm.models import Client, Contact, Email, TimelineEntry
from crm.models.types import utc_now

DATA = {"direction": "out", "state": "recorded", "to": "ewa@example.com", "subject": "Ring", "text": "Hello"}


@pytest.fixture
def acme(make_client: Any, system: Any) -> int:
    number = make_client("Acme", assignees=["alice"], email="info@acme.example")
    with system() as session:
        for first, last, address in (("Ewa", "Wąsik", "ewa@acme.example"), ("Jan", None, "jan@acme.example")):
            session.add(Contact(client_id=number, first_name=first, last_name=last, email=address))
            session.flush()
        session.commit()
    return number


def test_a_new_mail_is_to_the_primary_contact(acme: int, sign_in: Any) -> None:
    alice = sign_in("alice")
    form = alice.get(f"/crm/emails/add?client={acme}").text
    assert "Ewa Wąsik &lt;ewa@acme.example&gt;" in form
    offered = alice.get(f"/crm/emails/addresses?client={acme}").json["results"]
    assert [one["id"] for one in offered] == [
        "Ewa Wąsik <ewa@acme.example>",
        "Jan <jan@acme.example>",
        "Acme <info@acme.example>",
    ]
    assert [
        one["id"] for one in alice.get(f"/crm/emails/addresses?client={acme}&q=wasi").json["results"]
    ] == [offered[0]["id"]]
    assert alice.get("/crm/emails/addresses?q=jan").json["results"][0]["id"] == "Jan <jan@acme.example>"
    assert sign_in("charlie").get(f"/crm/emails/addresses?client={acme}&q=").json["results"] == []
    assert sign_in("charlie").get("/crm/emails/addresses?q=jan").json["results"] == []


def test_drafts_and_what_was_sent(acme: int, sign_in: Any, system: Any) -> None:
    alice = sign_in("alice")
    assert (
        alice.post("/crm/emails/add", data={"client": acme, **DATA, "state": "draft", "to": ""}).status_code
        == 302
    )
    with system() as session:
        assert session.get(Email, 1).at is None
        assert session.scalars(select(TimelineEntry).where(TimelineEntry.table_name == "email")).all() == []
    assert "Draft" in alice.get(f"/crm/clients/show/{acme}?tab=emails").text
    for wrong, message in (
        ({"to": ""}, "Say to whom it went."),
        ({"to": ["ewa@example.com", "Jan"]}, "“Jan” is not an e-mail address."),
        ({"direction": "in"}, "Say from whom it came."),
        ({"from_address": ["a@example.com", "b@example.com"]}, "One address, please."),
    ):
        page = alice.post("/crm/emails/add", data={"client": acme, **DATA, **wrong})
        assert page.status_code == 422 and message in page.text and "Hello" in page.text, wrong
    assert (
        alice.post(
            "/crm/emails/edit/1", data={"state": "recorded", "to": "Ewa <ewa@example.com>"}
        ).status_code
        == 302
    )
    with system() as session:
        mail = session.get(Email, 1)
        assert mail.at is not None and mail.to == "Ewa <ewa@example.com>"
    assert "E-mail · Sent" in alice.get(f"/crm/clients/timeline/{acme}").text


def test_answers_stand_in_the_conversation(acme: int, sign_in: Any, system: Any) -> None:
    alice = sign_in("alice")
    first = {**DATA, "direction": "in", "from_address": "Ewa <ewa@acme.example>", "to": "us@workshop.example",
             "cc": "jan@acme.example", "text": "How much?\nI wonder."}  # fmt: skip
    alice.post("/crm/emails/add", data={"client": acme, **first})
    form = alice.get("/crm/emails/add?parent=1&all=yes").text
    for part in (
        "Ewa &lt;ewa@acme.example&gt;",
        "Re: Ring",
        "&gt; How much?",
        "jan@acme.example",
        "us@workshop.example",
    ):
        assert part in form, part
    answer = alice.post("/crm/emails/add?parent=1", data={"client": acme, **DATA, "parent": "1", "subject": "Re: Ring",
                                                          "text": "Ten\n\nThey wrote:\n> How much?"})  # fmt: skip
    assert answer.location.endswith("/crm/emails/show/2")
    alice.post("/crm/emails/add", data={"client": acme, **DATA, "subject": "Something else"})
    page = alice.get("/crm/emails/show/1").text
    assert page.count('class="card crm-mail"') == 2 and "2 mails" in page and "Something else" not in page
    assert "Show what it quotes" in page
    tab = alice.get(f"/crm/clients/show/{acme}?tab=emails").text
    assert (
        tab.count("Re: Ring</a>") == 1
        and "Ring</a>" not in tab.replace("Re: Ring</a>", "")
        and 'title="2 mails"' in tab
    )
    assert "Show all" not in tab
    with system() as session:
        keys = [mail.thread_key for mail in session.scalars(select(Email).order_by(Email.id))]
        assert keys[0] == keys[1] != keys[2]
        session.delete(session.get(Email, 1))
        session.commit()
        session.expunge_all()
        assert session.get(Email, 2).parent_id is None and session.get(Email, 2).thread_key == keys[0]
    assert sign_in("charlie").get("/crm/emails/add?parent=2").status_code == 404


def test_newest_conversations_first(acme: int, sign_in: Any, system: Any) -> None:
    now = utc_now()
    with system() as session:
        for n in range(40):
            for days in (0, 50):
                session.add(Email(client_id=acme, to="q@example.com", subject=f"Talk {n}", thread_key=f"k{n}",
                                  at=now - timedelta(days=n + days)))  # fmt: skip
        session.commit()
    tab = sign_in("alice").get(f"/crm/clients/show/{acme}?tab=emails").text
    places = [tab.index(f"Talk {n}</a>") for n in range(25)]
    assert places == sorted(places) and "Talk 25</a>" not in tab and "Show all" in tab
    assert tab.count('title="2 mails"') == 25


def test_the_body_stands_in_a_frame_of_its_own(acme: int, sign_in: Any, system: Any) -> None:
    alice = sign_in("alice")
    html = "<p onclick=x()>Hello <b>Ewa</b><img src='http://evil.example/p.png'><script>x()</script></p>"
    answer = alice.post("/api/v1/emails/", json={"client": acme, "to": "ewa@example.com", "html": html})
    assert answer.status_code == 201
    assert answer.json["result"]["text"] == "Hello Ewa"
    assert answer.json["result"]["html"] == "<p>Hello <b>Ewa</b><img></p>"
    page = alice.get("/crm/emails/show/1")
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.text
    assert "<b>Ewa</b>" not in page.text
    body = alice.get("/crm/emails/body/1")
    assert "<p>Hello <b>Ewa</b><img></p>" in body.text
    rules = body.headers["Content-Security-Policy"]
    assert (
        "default-src 'none'" in rules
        and "script-src" not in rules
        and "sandbox" in rules
        and "img-src data:" in rules
    )
    assert body.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert body.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-src" not in alice.get("/crm/emails/list/").headers["Content-Security-Policy"]
    with system() as session:
        # what got in past the rules is made safe when it is shown
        session.get(Email, 1).html = "<p>x</p>"
        session.commit()
        table = Email.__table__
        session.connection().execute(table.update().values(html="<script>x()</script><p>y</p>"))
        session.commit()
    assert "<script" not in alice.get("/crm/emails/body/1").text
    assert sign_in("charlie").get("/crm/emails/body/1").status_code == 404


def test_masks_at_a_sensitive_client(acme: int, sign_in: Any, system: Any) -> None:
    alice, office = sign_in("alice"), sign_in("office")
    alice.post("/crm/emails/add", data={"client": acme, **DATA, "to": "Ewa <ewa@acme.example>",
                                        "subject": "Call 600 123 456",
                                        "html": "<p>Write to <a href='mailto:x@acme.example'>me</a> or 601 234 567</p>",
                                        "text": "Write to x@acme.example or 601 234 567 by 2026-12-01"})  # fmt: skip
    with system() as session:
        session.get(Client, acme).sensitive = True
        session.commit()
    urls = ("/crm/emails/show/1", "/crm/emails/list/", "/crm/emails/edit/1", "/api/v1/emails/1", "/api/v1/emails/",
            f"/crm/clients/show/{acme}", f"/crm/clients/show/{acme}?tab=emails", f"/crm/clients/timeline/{acme}",
            "/crm/search?q=write", "/crm/emails/choices?q=write", "/crm/emails/add?parent=1",
            f"/crm/emails/addresses?client={acme}")  # fmt: skip
    for url in urls:
        page = alice.get(url).text
        assert not [word for word in ("ewa@acme", "x@acme", "600 123", "601 234") if word in page], url
    assert alice.get("/crm/emails/body/1").status_code == 404
    page = alice.get("/crm/emails/show/1").text
    assert "Write to ••• or ••• by 2026-12-01" in page
    assert "601 234 567" in office.get("/crm/emails/show/1").text
    for typed in ("ewa@acme.example", "x@acme", "601234567", "601"):
        assert "/crm/emails/show/1" not in alice.get(f"/crm/emails/list/?search={typed}").text, typed
    assert "/crm/emails/show/1" in office.get("/crm/emails/list/?search=x@acme").text
    assert "/crm/emails/show/1" in alice.get("/crm/emails/list/?search=write").text
    assert alice.put("/api/v1/emails/1", json={"to": "ewa@acme.example"}).status_code == 422


@pytest.mark.both_engines
def test_found_by_subject_words_and_addresses(acme: int, sign_in: Any) -> None:
    alice = sign_in("alice")
    alice.post("/api/v1/emails/", json={"client": acme, "to": "Łucja <lucja@firma.example>",
                                        "subject": "Pierścionek z żółtego złota",
                                        "text": "Szafir jest piękny"})  # fmt: skip
    for typed in ("pierscionek", "zolt", "szafir piek", "lucja@firma", "lucj"):
        assert alice.get(f"/api/v1/emails/?search={typed}").json["count"] == 1, typed
    assert alice.get("/api/v1/emails/?search=rubin").json["count"] == 0
    assert alice.get("/api/v1/emails/?direction=in").json["count"] == 0
