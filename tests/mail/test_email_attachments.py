"""Attachments of mails: kept with them, downloaded by whoever sees the mail, brought along and back."""

import io
from typing import Any

import pytest
from sqlalchemy import select

from crm.extensions import db
from crm.models import Client, Email, EmailAttachment, EmailClient, Operation, StoredFile
from crm.models.types import utc_now
from crm.security.visibility import as_user, including_hidden
from crm.services.clients.trash import purge
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo
from tests.users import user

MAIL = {"direction": "out", "state": "recorded", "to": "ewa@example.com", "subject": "Offer"}
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@pytest.fixture
def world(make_client: Any, sign_in: Any) -> dict[str, int]:
    """A mail of Alice's client and Charlie's, with a file."""
    ids = {
        "alice": make_client("Alicja", assignees=["alice"]),
        "charlie": make_client("Karol", assignees=["charlie"]),
    }
    alice = sign_in("alice")
    data = {**MAIL, "client": ids["alice"],
            "files": [(io.BytesIO(PDF), "offer.pdf"), (io.BytesIO(b"hello"), "note.txt")]}  # fmt: skip
    answer = alice.post("/crm/emails/add", data=data, content_type="multipart/form-data")
    assert answer.status_code == 302, answer.text
    return ids


def share(system: Any, client_id: int) -> None:
    with system() as session:
        mail = session.get(Email, 1)
        mail.other_client_links.append(EmailClient(client_id=client_id))
        session.commit()


def test_kept_and_downloaded(world: Any, sign_in: Any, system: Any) -> None:
    alice, charlie = sign_in("alice"), sign_in("charlie")
    assert "offer.pdf" in alice.get("/crm/emails/show/1").text
    answer = alice.get("/crm/emails/1/attachment/1")
    assert answer.data == PDF
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert alice.get("/crm/emails/1/attachment/99").status_code == 404
    assert charlie.get("/crm/emails/1/attachment/1").status_code == 404
    share(system, world["charlie"])
    assert charlie.get("/crm/emails/1/attachment/1").data == PDF
    assert "offer.pdf" in charlie.get("/crm/emails/show/1").text


@pytest.mark.both_engines
def test_seen_with_the_mail(app: Any, world: Any, system: Any) -> None:
    for shared, seen in ((False, 0), (True, 2)):
        if shared:
            share(system, world["charlie"])
        for name, number in (("alice", 2), ("charlie", seen), ("office", 2)):
            with app.app_context(), as_user(user(name)):
                assert len(db.session.scalars(select(EmailAttachment)).all()) == number
                db.session.remove()


def test_refused_ones_keep_what_was_typed(world: Any, sign_in: Any, system: Any) -> None:
    data = {**MAIL, "client": world["alice"], "subject": "Typed",
            "files": [(io.BytesIO(b"<script>x</script>"), "page.html")]}  # fmt: skip
    answer = sign_in("alice").post("/crm/emails/add", data=data, content_type="multipart/form-data")
    assert answer.status_code == 422 and "Typed" in answer.text
    with system() as session:
        assert len(session.scalars(select(StoredFile)).all()) == 2


@pytest.mark.both_engines
def test_along_with_moves_merges_and_purges(world: Any, system: Any, sign_in: Any, make_client: Any) -> None:
    target = make_client("Target", assignees=["alice"])
    share(system, world["charlie"])

    def clients() -> set[int | None]:
        with system() as session:
            return {one.client_id for one in session.scalars(select(EmailAttachment))}

    assert sign_in("alice").put("/api/v1/emails/1", json={"client": target}).status_code == 200
    assert clients() == {target}
    with system() as session:
        number = merge(target, world["alice"])
        session.commit()
    assert clients() == {world["alice"]}
    with system() as session:
        undo(number)
        session.commit()
    assert clients() == {target}
    with system() as session, including_hidden():
        session.get(Client, target).deleted_at = utc_now()
        session.commit()
        purge(session.get(Client, target))
        session.commit()
    assert clients() == {world["charlie"]}
    assert sign_in("charlie").get("/crm/emails/1/attachment/1").data == PDF


def test_back_with_an_undone_deletion(world: Any, system: Any, sign_in: Any) -> None:
    office = sign_in("office")
    assert office.post("/crm/emails/delete/1").status_code == 302
    with system() as session:
        assert session.scalars(select(EmailAttachment)).all() == []
        undo(session.scalars(select(Operation.id).order_by(Operation.id.desc())).first())
        session.commit()
    assert office.get("/crm/emails/1/attachment/1").data == PDF
