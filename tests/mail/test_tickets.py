"""Tickets: answers and notes, times, one-click statuses, and the assignee who sees no more than the client's name."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from crm.models import Ticket, TicketComment, TimelineEntry
from crm.models.types import utc_now


@pytest.fixture
def ticket(make_client: Any, system: Any) -> int:
    acme = make_client("Acme", assignees=["alice"])
    with system() as session:
        ticket = Ticket(client_id=acme, subject="Stone came loose", created_at=utc_now() - timedelta(days=3))
        session.add(ticket)
        session.commit()
        return ticket.id


def test_answers_and_times(ticket: int, sign_in: Any, system: Any, people: Any) -> None:
    alice, url = sign_in("alice"), f"/crm/tickets/show/{ticket}"
    page = alice.get(url).text
    assert f"#{ticket}" in page and "not answered for 3 days" in page
    alice.post(f"/crm/tickets/comment/{ticket}", data={"body": "Look at the whole batch", "public": "no"})
    page = alice.get(url).text
    assert "Internal note" in page and "not answered for 3 days" in page
    alice.post(f"/crm/tickets/comment/{ticket}", data={"body": "Please bring it in", "public": "yes"})
    page = alice.get(url).text
    assert "first answer after 3 days" in page and "open for 3 days" in page
    alice.post(f"/crm/tickets/comment/{ticket}", data={"body": "Done", "public": "yes", "then": "solved"})
    page = alice.get(url).text
    assert "solved after 3 days" in page and "Reopen" in page
    with system() as session:
        comments = session.scalars(select(TicketComment).order_by(TicketComment.id)).all()
        assert [(c.public, c.created_by_id) for c in comments] == [
            (False, people["alice"]),
            *[(True, people["alice"])] * 2,
        ]
        kinds = set(session.scalars(select(TimelineEntry.kind)))
        assert {"ticket", "ticket.solved", "ticket_comment"} <= kinds
        # the answer of nobody (a program) is no first answer
        session.delete(comments[1])
        session.delete(comments[2])
        session.commit()
    assert "first answer" not in alice.get(url).text
    assert "Ticket – solved" in alice.get("/crm/clients/timeline/1").text


def test_status_by_one_click(ticket: int, sign_in: Any, system: Any) -> None:
    alice = sign_in("alice")
    for status, solved in (("waiting", False), ("solved", True), ("closed", True), ("open", False)):
        answer = alice.post(f"/crm/tickets/status/{ticket}", data={"status": status})
        assert answer.status_code == 302 and answer.location.endswith(f"/crm/tickets/show/{ticket}")
        with system() as session:
            found = session.get(Ticket, ticket)
            assert (found.status, found.solved_at is not None) == (status, solved)
    assert alice.post(f"/crm/tickets/status/{ticket}", data={"status": "gone"}).status_code == 400
    assert sign_in("vera").post(f"/crm/tickets/status/{ticket}", data={"status": "open"}).status_code == 403
    assert (
        sign_in("charlie").post(f"/crm/tickets/status/{ticket}", data={"status": "open"}).status_code == 404
    )


def test_an_empty_comment_is_refused_and_a_wrong_one_kept(ticket: int, sign_in: Any) -> None:
    alice = sign_in("alice")
    assert "Please fill this in." in alice.post(f"/crm/tickets/comment/{ticket}", data={"body": " "}).text
    page = alice.post(f"/crm/tickets/comment/{ticket}", data={"body": "x" * 20_001, "public": "no"})
    assert page.status_code == 422 and "x" * 20_001 in page.text
    assert sign_in("vera").post(f"/crm/tickets/comment/{ticket}", data={"body": "x"}).status_code == 403
    assert sign_in("charlie").post(f"/crm/tickets/comment/{ticket}", data={"body": "x"}).status_code == 404


def test_the_author_edits_their_own(ticket: int, sign_in: Any, system: Any) -> None:
    alice, bob, office = sign_in("alice"), sign_in("bob"), sign_in("office")
    alice.post(f"/crm/tickets/comment/{ticket}", data={"body": "Frist", "public": "yes"})
    edit = {"ticket": ticket, "body": "First", "public": "y"}
    assert bob.post("/crm/ticket-comments/edit/1", data=edit).status_code == 403
    assert bob.post("/crm/ticket-comments/delete/1").status_code == 403
    assert "/crm/ticket-comments/edit/1" not in bob.get(f"/crm/tickets/show/{ticket}").text
    answer = alice.post("/crm/ticket-comments/edit/1", data=edit)
    assert answer.status_code == 302 and f"/crm/tickets/show/{ticket}" in answer.location
    page = alice.get(f"/crm/tickets/show/{ticket}").text
    assert "First" in page and "edited" in page
    assert office.post("/crm/ticket-comments/delete/1").status_code == 302
    with system() as session:
        assert session.get(TicketComment, 1) is None


@pytest.mark.both_engines
def test_the_assignee_sees_it_at_a_hidden_client(
    make_client: Any, sign_in: Any, system: Any, people: Any
) -> None:
    acme = make_client("Acme", assignees=["alice"])
    with system() as session:
        mine = Ticket(client_id=acme, subject="Quixotic", assignee_id=people["charlie"])
        session.add_all([mine, Ticket(client_id=acme, subject="Other one")])
        session.flush()
        session.add(TicketComment(ticket_id=mine.id, body="A first look", public=False))
        session.commit()
    charlie = sign_in("charlie")
    rows = charlie.get("/crm/tickets/list/").text
    assert "Quixotic" in rows and "Acme" in rows and "Other one" not in rows
    page = charlie.get("/crm/tickets/show/1").text
    assert "A first look" in page and "Acme" in page and f"/crm/clients/show/{acme}" not in page
    assert (
        charlie.post("/crm/tickets/comment/1", data={"body": "On my way", "public": "yes"}).status_code == 302
    )
    assert charlie.post("/crm/tickets/status/1", data={"status": "solved"}).status_code == 302
    assert charlie.get(f"/crm/clients/show/{acme}").status_code == 404
    assert charlie.post("/crm/tickets/comment/2", data={"body": "x"}).status_code == 404
    with system() as session:
        comment = session.scalars(select(TicketComment).order_by(TicketComment.id.desc())).first()
        assert (comment.client_id, comment.body) == (acme, "On my way")
    assert "On my way" in sign_in("alice").get("/crm/tickets/show/1").text


@pytest.mark.both_engines
def test_comments_go_along(ticket: int, make_client: Any, sign_in: Any, system: Any) -> None:
    alice, other = sign_in("alice"), make_client("Other", assignees=["alice"])
    alice.post(f"/crm/tickets/comment/{ticket}", data={"body": "Hello", "public": "yes"})
    assert alice.put(f"/api/v1/tickets/{ticket}", json={"client": other}).status_code == 200
    with system() as session:
        comment = session.get(TicketComment, 1)
        assert comment.client_id == other
        assert set(
            session.scalars(select(TimelineEntry.client_id).where(TimelineEntry.table_name != "client"))
        ) == {other}


def test_search_by_number_subject_and_comment(ticket: int, sign_in: Any) -> None:
    alice = sign_in("alice")
    alice.post(f"/crm/tickets/comment/{ticket}", data={"body": "Sapphire replaced", "public": "yes"})
    for typed in (f"%23{ticket}", str(ticket), "loose"):
        assert "Stone came loose" in alice.get(f"/crm/tickets/list/?search={typed}").text, typed
    assert "Sapphire replaced" in alice.get("/crm/search?q=sapphire").text
    assert alice.get("/api/v1/tickets/?status=open").json["count"] == 1


def test_without_a_client_it_is_its_writers(sign_in: Any) -> None:
    alice = sign_in("alice")
    data = {"subject": "Who is this?", "status": "open", "priority": "normal", "channel": "email"}
    assert alice.post("/crm/tickets/add", data=data).status_code == 302
    assert "Who is this?" in alice.get("/crm/tickets/list/").text
    alice.post("/crm/tickets/comment/1", data={"body": "I'll find out", "public": "no"})
    assert "find out" in alice.get("/crm/tickets/show/1").text
    assert "Who is this?" not in sign_in("charlie").get("/crm/tickets/list/").text
    assert "Who is this?" in sign_in("office").get("/crm/tickets/list/").text


@pytest.mark.both_engines
def test_times_in_list_and_api(ticket: int, sign_in: Any) -> None:
    alice = sign_in("alice")
    assert alice.get(f"/api/v1/tickets/{ticket}").json["result"]["first_answer"] is None
    alice.post(f"/crm/tickets/comment/{ticket}", data={"body": "Look", "public": "no"})
    assert alice.get("/api/v1/tickets/").json["result"][0]["first_answer"] is None
    alice.post(f"/crm/tickets/comment/{ticket}", data={"body": "Done", "public": "yes", "then": "solved"})
    found = alice.get(f"/api/v1/tickets/{ticket}").json["result"]
    assert found["first_answer"][:10] == found["solution"][:10] == utc_now().date().isoformat()
    assert alice.get("/crm/tickets/list/").text.count("after 3 days") == 2
