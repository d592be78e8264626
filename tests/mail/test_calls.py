"""Calls: one form for outcome, note and next task; numbers; what stands on the timeline."""

from typing import Any

import pytest
from sqlalchemy import select

from crm.models import Call, Change, Contact, Operation, Task
from crm.models.sensitive import veil


@pytest.fixture
def acme(make_client: Any) -> int:
    return make_client("Acme", assignees=["alice"], phone="600 123 456")


def test_log_a_call_with_the_next_task(acme: int, sign_in: Any, system: Any, people: Any) -> None:
    alice = sign_in("alice")
    card = alice.get(f"/crm/clients/show/{acme}").text
    assert "Log a call" in card and f'data-log="/crm/calls/add?client={acme}"' in card
    form = alice.get(f"/crm/calls/add?client={acme}").text
    assert "<h1>Log a call</h1>" in form and "600 123 456" in form
    data = {"client": acme, "number": "600 123 456", "direction": "out", "outcome": "left_message", "duration": "2",
            "notes": "Repair is ready", "task_title": "Try again", "task_due": "2026-12-01T09:00"}  # fmt: skip
    answer = alice.post("/crm/calls/add", data=data)
    assert answer.status_code == 302 and answer.location.endswith(f"/crm/clients/show/{acme}")
    with system() as session:
        call, task = session.scalars(select(Call)).one(), session.scalars(select(Task)).one()
        assert (call.number_e164, call.outcome, call.duration) == ("+48600123456", "left_message", 2)
        assert (task.title, task.client_id, [user.id for user in task.assignees]) == (
            "Try again",
            acme,
            [people["alice"]],
        )
        both = select(Change.operation_id).where(Change.table_name.in_(("call", "task")))
        assert len(set(session.scalars(both))) == 1
    timeline = alice.get(f"/crm/clients/timeline/{acme}").text
    assert "Call · Outgoing · Left a message" in timeline and "Repair is ready" in timeline
    assert "Repair is ready" in alice.get("/crm/search?q=123456").text


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(acme: int, sign_in: Any, system: Any) -> None:
    alice = sign_in("alice")
    data = {
        "client": acme,
        "direction": "out",
        "outcome": "answered",
        "notes": "Long talk",
        "started_at": "2026-11-20T10:00",
    }
    for wrong, message in (
        ({"number": "my mother"}, "This is not a phone number."),
        ({"duration": "2000"}, "A call takes from 0 to 1440 minutes."),
        ({"task_due": "2026-12-01T09:00"}, "Say what is to be done."),
        ({"outcome": "nonsense"}, "Not a valid choice"),
    ):
        page = alice.post("/crm/calls/add", data={**data, **wrong})
        assert page.status_code == 422 and message in page.text and "Long talk" in page.text, wrong
    with system() as session:
        assert session.scalars(select(Call)).all() == session.scalars(select(Task)).all() == []
        assert session.scalars(select(Operation).where(Operation.kind.like("call%"))).all() == []


def test_from_a_contact(acme: int, sign_in: Any, system: Any, make_client: Any) -> None:
    other = make_client("Other", assignees=["alice"])
    with system() as session:
        session.add_all([Contact(client_id=acme, first_name="Ewa", phone="22 123 45 67"),
                         Contact(client_id=other, first_name="Jan")])  # fmt: skip
        session.commit()
    alice = sign_in("alice")
    form = alice.get("/crm/calls/add?contact=1").text
    assert "22 123 45 67" in form and "Acme" in form and "Ewa" in form
    assert "/crm/calls/add?contact=1" in alice.get("/crm/contacts/show/1").text
    refused = alice.post(
        "/crm/calls/add", data={"client": acme, "contact": 2, "direction": "out", "outcome": "busy"}
    )
    assert refused.status_code == 422 and "This contact is at another client." in refused.text
    assert sign_in("charlie").get("/crm/calls/add?contact=1").status_code == 404


def test_without_tasks_the_form_has_none(acme: int, sign_in: Any, system: Any) -> None:
    from crm.services.modules import switch_modules

    with system() as session:
        switch_modules({"calls"})
        session.commit()
    form = sign_in("alice").get(f"/crm/calls/add?client={acme}").text
    assert "task_title" not in form and "notes" in form


def test_masks_at_a_sensitive_client(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"], phone="600 123 456", sensitive=True)
    with system() as session:
        session.add(
            Call(client_id=acme, number="600 123 456", notes="Asked to call 601 222 333 on 2026-11-30")
        )
        session.commit()
    alice, office = sign_in("alice"), sign_in("office")
    for url in ("/crm/calls/list/", "/crm/calls/show/1", "/crm/calls/edit/1", "/api/v1/calls/", "/api/v1/calls/1",
                f"/crm/clients/show/{acme}", f"/crm/clients/boxes/{acme}", f"/crm/clients/timeline/{acme}",
                "/crm/search?q=asked", "/crm/calls/choices?q=asked", f"/crm/calls/add?client={acme}"):  # fmt: skip
        page = alice.get(url).text
        assert "600 123 456" not in page and "601 222" not in page and "+48600123456" not in page, url
    assert "Asked to call ••• on 2026-11-30" in alice.get("/crm/calls/show/1").text
    assert "601 222 333" in office.get("/crm/calls/show/1").text
    for typed in ("601222333", "601", "123456", "600123456"):
        assert "Asked" not in alice.get(f"/crm/calls/list/?search={typed}").text.split("<tbody>")[-1], typed
    assert "Asked" in office.get("/crm/calls/list/?search=123456").text
    assert "Asked" in alice.get("/crm/calls/list/?search=asked").text
    put = alice.put("/api/v1/calls/1", json={"notes": "Asked to call 601 222 333 on 2026-11-30"})
    assert put.status_code == 422


def test_a_long_text_without_blanks_is_veiled_in_one_go() -> None:
    """As pasted data is: looked through again from each of its places it would take minutes."""
    long = "x" * 300_000
    assert veil(f"{long} 601222333 on 2026-11-30") == f"{long} ••• on 2026-11-30"
    assert veil(f"1.1.2026.jan@acme.pl {'j' * 64}@acme.pl") == "1.1.2026••• •••"
    assert "acme" not in veil(f"{long}@acme.pl")
