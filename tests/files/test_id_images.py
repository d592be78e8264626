"""Pictures of ID cards: for those with the permission, each look written down, sealed, and gone in time."""

import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from crm.models import Change, Client, IdImage, Operation, StoredFile
from crm.models.types import utc_now
from crm.security.visibility import including_hidden
from crm.services.clients import id_images
from crm.services.clients.trash import purge
from crm.services.files import uploads
from crm.services.files.documents import set_file
from crm.services.files.nightly import tidy_files
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo
from tests.files.conftest import Quiet, document_at
from tests.files.samples import PDF, picture


@pytest.fixture
def acme(make_client: Any) -> int:
    return make_client("Jan Kowalski", assignees=["alice"], kind="person")


@pytest.fixture
def image(acme: int, system: Any) -> int:
    """The front side of Jan's card."""
    with system() as session:
        upload = uploads.prepare(io.BytesIO(picture("PNG", (400, 250))), "Jan Kowalski ABA123456.png")
        made = id_images.add(session.get(Client, acme), "front", upload, id_images.last_day())
        session.commit()
        return made.id


def seen(system: Any) -> list[tuple[int, int, str]]:
    """(user, image, how) of each look."""
    with system() as session:
        asked = select(Operation).where(Operation.kind == id_images.SEEN).order_by(Operation.id)
        return [(o.user_id, o.details["image"], o.details["how"]) for o in session.scalars(asked)]


@pytest.mark.both_engines
def test_both_sides_are_added_and_seen_on_the_card(
    acme: int, sign_in: Any, system: Any, people: Any, folder: Any
) -> None:
    office = sign_in("office")
    assert "No pictures." in office.get(f"/crm/clients/show/{acme}").text
    day = (utc_now() + timedelta(days=30)).date()
    answer = office.post(
        f"/crm/id-images/add/{acme}",
        data={
            "front": (io.BytesIO(picture("PNG", (400, 250))), "f.png"),
            "back": (io.BytesIO(picture("JPEG", (400, 250))), "b.jpg"),
            "kept_until": day.isoformat(),
        },
    )
    assert answer.status_code == 302
    page = office.get(f"/crm/clients/show/{acme}").text
    with system() as session:
        front, back = session.scalars(select(IdImage).order_by(IdImage.side.desc())).all()
        assert (front.side, back.side, back.kept_until) == ("front", "back", day)
        assert front.created_by_id == people["office"]
        front, back = front.id, back.id
    assert seen(system) == []
    for number in (front, back):
        assert f"/crm/id-images/thumbnail/{number}" in page
    small = office.get(f"/crm/id-images/thumbnail/{front}")
    assert (small.status_code, small.mimetype) == (200, "image/webp")
    full = office.get(f"/crm/id-images/show/{back}")
    with Image.open(io.BytesIO(full.data)) as shown:
        assert shown.size == (400, 250)
    assert full.headers["Cache-Control"] == "private, no-store"
    assert "sandbox" in full.headers["Content-Security-Policy"]
    who = people["office"]
    assert seen(system) == [(who, front, "thumbnail"), (who, back, "full")]


def test_they_lie_sealed(image: int, folder: Any, lying: Any, system: Any) -> None:
    (place,) = lying()
    content = (folder / place).read_bytes()
    assert b"PNG" not in content and b"IDAT" not in content
    with system() as session:
        stored = session.scalars(select(StoredFile)).one()
        assert not (stored.thumbnail or b"").startswith(b"RIFF")


def test_without_the_permission_there_is_nothing(acme: int, image: int, sign_in: Any, system: Any) -> None:
    for name in ("alice", "bob", "vera"):
        browser = sign_in(name)
        page = browser.get(f"/crm/clients/show/{acme}").text
        assert "id-images" not in page and "ID card" not in page
        for action in ("show", "thumbnail", "add"):
            assert browser.get(f"/crm/id-images/{action}/{image}").status_code == 403
        assert browser.post(f"/crm/id-images/delete/{image}").status_code == 403
    assert seen(system) == []
    with system() as session:
        assert session.get(IdImage, image) is not None


def test_they_are_nowhere_else(acme: int, image: int, sign_in: Any) -> None:
    office = sign_in("office")
    for url in (
        "/crm/search?q=ABA123456",
        "/crm/search?q=kowalski aba",
        f"/crm/clients/timeline/{acme}?show=all",
        f"/crm/clients/show/{acme}?tab=files",
        f"/api/v1/clients/{acme}",
        "/api/v1/documents/",
    ):
        text = office.get(url).text.replace("q=ABA", "").replace("&#34;ABA", "")
        assert "id_image" not in text and "id-images" not in text, url
        assert ".png" not in text, url


def test_what_is_no_picture_is_refused(acme: int, sign_in: Any, lying: Any) -> None:
    office, day = sign_in("office"), utc_now().date()
    url = f"/crm/id-images/add/{acme}"
    assert id_images_default(office.get(url).text)
    for sent, message in (
        ({"front": (io.BytesIO(PDF), "card.pdf")}, "is not a picture"),
        ({}, "Please choose at least one picture."),
        ({"front": (io.BytesIO(picture()), "f.png"), "kept_until": ""}, "Please fill this in."),
        (
            {"front": (io.BytesIO(picture()), "f.png"), "kept_until": (day - timedelta(1)).isoformat()},
            "A day from today on, please.",
        ),
    ):
        answer = office.post(url, data={"kept_until": day.isoformat(), **sent})
        assert answer.status_code == 422
        assert message in answer.text
    assert not lying()


def id_images_default(page: str) -> bool:
    return (utc_now() + timedelta(days=365)).date().isoformat() in page


@pytest.mark.both_engines
def test_after_their_last_day_they_are_gone_for_good(
    acme: int, image: int, system: Any, lying: Any, make_client: Any
) -> None:
    target = make_client("Target")
    with system() as session:
        document_at(acme)
        merge(acme, target)
        session.commit()
        run = Quiet()
        tidy_files(run)
        assert "id_images" not in run.counters
        session.get(IdImage, image).kept_until = utc_now().date() - timedelta(days=1)
        session.commit()
        tidy_files(run)
        assert run.counters["id_images"] == 1
        assert session.scalars(select(IdImage)).all() == []
        assert lying() == set(session.scalars(select(StoredFile.place)))
        assert len(lying()) == 1
        expired = session.scalars(select(Operation).where(Operation.kind == id_images.EXPIRED)).one()
        report = undo(expired.id)
        session.commit()
        assert report.left_count == 1
        assert session.scalars(select(IdImage)).all() == []


@pytest.mark.both_engines
def test_deleting_one_can_be_undone(acme: int, image: int, sign_in: Any, system: Any) -> None:
    office = sign_in("office")
    assert office.post(f"/crm/id-images/delete/{image}").status_code == 302
    assert office.get(f"/crm/id-images/show/{image}").status_code == 404
    with system() as session:
        change = session.query(Change).filter_by(table_name="id_image", action="delete").one()
        undo(change.operation_id)
        session.commit()
    assert office.get(f"/crm/id-images/show/{image}").status_code == 200


@pytest.mark.both_engines
def test_they_follow_a_merge_and_go_back(
    acme: int, image: int, make_client: Any, system: Any, sign_in: Any
) -> None:
    target = make_client("Target")
    with system() as session:
        operation = merge(acme, target)
        session.commit()
        assert session.get(IdImage, image).client_id == target
        session.expire_all()
        undo(operation)
        session.commit()
        assert session.get(IdImage, image).client_id == acme


def test_a_rep_who_merges_does_not_learn_of_them(
    acme: int, image: int, make_client: Any, sign_in: Any, system: Any
) -> None:
    target, alice = make_client("Target", assignees=["alice"]), sign_in("alice")
    page = alice.get(f"/crm/clients/merge/?source={acme}&target={target}")
    assert "ID card" not in page.text
    answer = alice.post("/crm/clients/merge/", data={"source": acme, "target": target, "confirm": "yes"})
    assert "ID card" not in alice.get(answer.location or "/").text
    with system() as session:
        number = session.scalar(select(Operation.id).order_by(Operation.id.desc()).limit(1))
    text = alice.get(f"/crm/operations/show/{number}").text
    assert "ID card" not in text
    assert "ID card" not in alice.get("/crm/operations/").text


@pytest.mark.both_engines
def test_a_purge_leaves_no_file(acme: int, image: int, system: Any, lying: Any) -> None:
    """Not even of what was deleted or replaced before."""
    with system() as session:
        document = document_at(acme)
        session.commit()
        session.delete(document)
        session.commit()
        replaced = document_at(acme)
        session.commit()
        set_file(replaced, uploads.prepare(io.BytesIO(PDF), "new.pdf"))
        client = session.get(Client, acme)
        client.deleted_at = utc_now()
        session.commit()
        assert len(lying()) == 4
        with including_hidden():
            purge(session.get(Client, acme))
        assert len(lying()) == 4
        session.commit()
        assert not lying()
        assert session.scalars(select(StoredFile)).all() == []
