"""Chats: transcripts as messengers export them, read as messages."""

from typing import Any

import pytest

from crm.models import Chat
from crm.models.transcripts import messages


@pytest.mark.parametrize(
    "transcript",
    [
        "Ewa: Is it ready?\nAlice Adams: Yes!\nCome by.\nEwa: Great",
        "[21.11.2026, 10:15:03] Ewa: Is it ready?\n"
        "[21.11.2026, 10:16:00] Alice Adams: Yes!\nCome by.\n[21.11.2026, 10:17:00] Ewa: Great",
        "21/11/2026, 10:15 - Ewa: Is it ready?\n"
        "21/11/2026, 10:16 - Alice Adams: Yes!\nCome by.\n21/11/2026, 10:17 - Ewa: Great",
        "10:15 Ewa: Is it ready?\n10:16 Alice Adams: Yes!\nCome by.\n10:17 Ewa: Great",
    ],
)  # fmt: skip
@pytest.mark.parametrize("us", [(), ("Alice Adams",)])
def test_read_as_messages(transcript: str, us: tuple[str, ...]) -> None:
    found = messages(transcript, us)
    assert [(one.who, one.text, one.ours) for one in found] == [
        ("Ewa", "Is it ready?", False), ("Alice Adams", "Yes!\nCome by.", True), ("Ewa", "Great", False),
    ]  # fmt: skip


def test_we_may_speak_first() -> None:
    first, second = messages("Alice Adams: Your ring is ready\nEwa: Thanks", ("Alice Adams",))
    assert first.ours and not second.ours


def test_what_is_no_transcript_stays_text() -> None:
    assert messages("She wrote that she will come.\nEwa: yes") == []
    assert messages("") == []


def test_pages(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    alice = sign_in("alice")
    data = {"client": acme, "channel": "whatsapp", "started_at": "2026-11-20T10:00",
            "transcript": "10:15 Ewa: Is it ready?\n10:16 Me: Yes"}  # fmt: skip
    assert alice.post("/crm/chats/add", data=data).status_code == 302
    page = alice.get("/crm/chats/show/1").text
    assert page.count('class="crm-chat-message') == 2 and "crm-chat-message is-ours" in page
    assert "<h1>Is it ready?</h1>" in page
    assert "Is it ready?</a>" in alice.get("/crm/chats/list/").text
    assert "Chat · WhatsApp" in alice.get(f"/crm/clients/timeline/{acme}").text
    assert "Acme" in alice.get("/crm/search?q=ready").text
    assert alice.post("/crm/chats/add", data={**data, "transcript": " "}).status_code == 422
    answer = alice.post("/api/v1/chats/", json={"client": acme, "channel": "fax", "transcript": "x"})
    assert answer.status_code == 422 and "channel" in answer.json["errors"]


def test_masks_at_a_sensitive_client(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    with system() as session:
        session.add(Chat(client_id=acme, transcript="Ewa: write to ewa@example.com\nMe: I will"))
        session.commit()
    alice, urls = sign_in("alice"), ("/crm/chats/show/1", "/crm/chats/list/", "/api/v1/chats/1", "/crm/search?q=write",
                                     f"/crm/clients/timeline/{acme}", f"/crm/clients/show/{acme}")  # fmt: skip
    assert "ewa@example.com" in alice.get(urls[0]).text
    # the mark takes everything written before with it
    sign_in("office").put(f"/api/v1/clients/{acme}", json={"sensitive": True})
    with system() as session:
        from crm.models import Client

        session.get(Client, acme).sensitive = True
        session.commit()
    for url in urls:
        page = alice.get(url).text
        assert "write to" in page and "ewa@example" not in page, url
    assert "write to" not in alice.get("/crm/chats/list/?search=ewa@example.com").text
    assert "write to" in sign_in("office").get("/crm/chats/list/?search=ewa@example.com").text
