"""Mails, calls and tickets in a real browser: a hostile mail loads and runs nothing; addresses; log a call."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from crm.models import Call, Chat, Contact, Email, Task, Ticket, TicketComment

HOSTILE = """
<p>Dear Ewa</p><script>parent.postMessage('ran', '*'); document.title = 'ran'</script>
<img src="http://evil.example/pixel.png" onerror="top.location='http://evil.example/'">
<img src="x" onerror="alert(1)"><svg onload="alert(1)"><image href="http://evil.example/i.svg"/></svg>
<link rel="stylesheet" href="http://evil.example/s.css"><style>@import 'http://evil.example/i.css'; body{background:url(http://evil.example/b.png)}</style>
<div style="background-image:url(http://evil.example/c.png);position:fixed;inset:0">over</div>
<iframe src="http://evil.example/"></iframe><object data="http://evil.example/o"></object>
<video src="http://evil.example/v" autoplay></video>
<form action="http://evil.example/f"><button>go</button></form><meta http-equiv="refresh" content="0;url=http://evil.example/">
<base href="http://evil.example/"><a href="javascript:alert(1)">click</a><table background="http://evil.example/t.png"><tr><td>cell</td></tr></table>
"""  # fmt: skip


@pytest.fixture
def acme(make_client: Any, system: Any, people: Any) -> int:
    number = make_client("Acme", assignees=["alice"], email="info@acme.example", phone="22 123 45 67")
    with system() as session:
        session.add(
            Contact(
                client_id=number,
                first_name="Ewa",
                last_name="Wąsik",
                email="ewa@acme.example",
                phone="600 123 456",
                is_primary=True,
            )
        )
        session.add(
            Email(
                client_id=number,
                direction="in",
                from_address="Ewa <ewa@acme.example>",
                to="us@workshop.example",
                subject="Hostile",
                html=HOSTILE,
            )
        )
        session.add(Chat(client_id=number, transcript="10:00 Ewa: Ready?\n10:01 Alice: Yes"))
        ticket = Ticket(client_id=number, subject="Stone came loose", assignee_id=people["alice"])
        ticket.comments = [
            TicketComment(body="Bring it in", public=True, created_by_id=people["alice"]),
            TicketComment(body="Check them all"),
        ]
        session.add(ticket)
        session.commit()
    return number


@pytest.mark.parametrize("past_the_rules", [False, True], ids=["as stored", "past the rules"])
def test_a_hostile_mail_loads_nothing(
    open_as: Any, acme: int, system: Any, past_the_rules: bool, monkeypatch: Any, faults: list[str]
) -> None:
    if past_the_rules:
        # even uncleaned HTML runs and loads nothing: the frame's own policy holds
        monkeypatch.setattr("crm.views.records.email.clean_html", lambda text: text)
        with system() as session:
            session.connection().execute(Email.__table__.update().values(html=HOSTILE))
            session.commit()
    page = open_as("alice", "/crm/clients/list/")
    refused: dict[str, str | None] = {}
    # what the first page had not loaded yet is dropped, and no mail's doing
    page.wait_for_load_state("networkidle")
    page.on("requestfailed", lambda request: refused.update({request.url: request.failure}))
    page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
    page.goto("/crm/emails/show/1")
    frame = page.frame_locator("iframe.crm-mail-body")
    expect(frame.get_by_text("Dear Ewa")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert page.title().startswith("Hostile")
    if past_the_rules:
        # Chromium tells of each request that its policy stopped before it was sent
        assert refused and set(refused.values()) <= {"csp", "net::ERR_BLOCKED_BY_CSP"}, refused
        stopped = [f"to another machine: {url}" for url in refused]
        faults[:] = [one for one in faults if one not in stopped and not one.startswith("console:")]
    assert faults == []
    assert re.search(r"/crm/emails/show/1$", page.url)


def test_look(check_looks: Any, acme: int) -> None:
    check_looks(
        "alice", "/crm/emails/show/1", f"/crm/emails/add?client={acme}", "/crm/emails/list/",
        f"/crm/calls/add?client={acme}", "/crm/tickets/show/1", "/crm/tickets/list/", "/crm/chats/show/1",
        f"/crm/clients/show/{acme}?tab=emails",
    )  # fmt: skip


def test_addresses_are_offered_and_typed(open_as: Any, acme: int, system: Any) -> None:
    page = open_as("alice", f"/crm/emails/add?client={acme}")
    to = page.get_by_role("combobox", name="To", exact=True)
    to.focus()
    page.get_by_role("option", name=re.compile("info@acme.example")).click()
    to.fill("new@example.com")
    to.press("Enter")
    page.get_by_label("Subject").fill("Prices")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile(f"/crm/clients/show/{acme}"))
    with system() as session:
        mail = session.scalars(select(Email).where(Email.subject == "Prices")).one()
        assert mail.to == "Ewa Wąsik <ewa@acme.example>, Acme <info@acme.example>, new@example.com"


def test_calling_offers_to_log_the_call(open_as: Any, acme: int, system: Any) -> None:
    page = open_as("alice", f"/crm/clients/show/{acme}", phone=True)
    link = page.get_by_role("link", name="Call", exact=True)
    expect(link).to_have_attribute("href", re.compile("^tel:"))
    # the phone itself is not there to take over
    page.evaluate(
        "document.addEventListener('click', (e) => e.target.closest('a[href^=tel]') && e.preventDefault(), true)"
    )
    link.click()
    page.get_by_role("link", name="Log this call").click()
    page.get_by_label("Outcome").select_option("left_message")
    page.get_by_label("Notes").fill("Ring is ready")
    page.get_by_label("What is to be done").fill("Call again")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile(f"/crm/clients/show/{acme}"))
    with system() as session:
        assert session.scalars(select(Call)).one().outcome == "left_message"
        assert session.scalars(select(Task)).one().title == "Call again"
