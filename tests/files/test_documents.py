"""Documents on pages: uploaded by form, several at once, replaced, downloaded by those who see the client."""

import gc
import io
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from crm.errors import CannotStore
from crm.extensions import db
from crm.models import Change, Document, StoredFile
from crm.services.files import store as file_store
from crm.services.files.storage import Folder
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo
from tests.files.conftest import document_at
from tests.files.samples import PDF, picture
from tests.filled_form import opened


def file(content: bytes = PDF, name: str = "Umowa żółta.pdf") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


@pytest.fixture
def acme(make_client: Any) -> int:
    return make_client("Acme", assignees=["alice"])


@pytest.fixture
def document(acme: int, system: Any, people: dict[str, int]) -> int:
    with system() as session:
        made = document_at(acme, name="Umowa żółta.pdf")
        made.created_by_id = people["alice"]
        session.commit()
        return made.id


def all_documents(system: Any) -> list[tuple[str, str, int]]:
    with system() as session:
        return [(d.name, d.type, d.client_id) for d in session.query(Document).order_by(Document.id)]


@pytest.mark.both_engines
def test_several_files_at_once(acme: int, sign_in: Any, system: Any, lying: Any) -> None:
    alice = sign_in("alice")
    form = opened(alice, f"/crm/documents/add?client={acme}")
    data = form.change(category="contract", files=[file(), file(picture("JPEG"), "ring.jpeg")])
    answer = alice.post("/crm/documents/add", data=data)
    assert answer.status_code == 302
    assert answer.location.endswith(f"/crm/clients/show/{acme}?tab=files")
    assert all_documents(system) == [
        ("Umowa żółta.pdf", "application/pdf", acme),
        ("ring.jpeg", "image/jpeg", acme),
    ]
    assert len(lying()) == 2
    page = alice.get(f"/crm/clients/show/{acme}?tab=files").text
    assert "Umowa żółta.pdf" in page and "Contract" in page
    assert "Umowa żółta.pdf" in alice.get("/crm/search?q=umow zolt").text
    assert "ring.jpeg" in alice.get(f"/crm/clients/timeline/{acme}").text


def test_a_refused_form_keeps_what_was_typed_and_leaves_no_file(
    acme: int, sign_in: Any, system: Any, lying: Any
) -> None:
    alice = sign_in("alice")
    sent = {"client": acme, "name": "Contract of May", "category": "contract"}
    for files, message in (
        ([], "Please fill this in."),
        ([file(), file(b"<html>", "evil.html")], "“evil.html” is not a kind of file that is taken"),
        ([file(b"", "empty.pdf")], "is empty"),
    ):
        answer = alice.post("/crm/documents/add", data={**sent, "files": files})
        assert answer.status_code == 422
        assert message in answer.text and "Contract of May" in answer.text
    answer = alice.post("/crm/documents/add", data={**sent, "client": "", "files": [file()]})
    assert answer.status_code == 422
    assert "Please choose the files again." in answer.text
    assert all_documents(system) == []
    assert not lying()


@pytest.fixture
def _large_requests() -> Iterator[None]:
    """The test browser never closes the files into which it writes requests of more than 500 kB."""
    gc.disable()
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    gc.enable()


@pytest.mark.usefixtures("_large_requests")
def test_too_large_is_413_in_plain_words(
    app: Flask, acme: int, make_app: Any, sign_in: Any, api: Any, lying: Any
) -> None:
    strict = make_app(CRM_UPLOAD_LIMIT_MB=1, MAX_CONTENT_LENGTH=3 * 1024**2)
    strict.extensions["storage"] = app.extensions["storage"]
    alice = sign_in("alice", of=strict)
    large = file(PDF + bytes(1024**2))
    answer = alice.post(
        "/crm/documents/add", data={"client": acme, "name": "Kept", "category": "", "files": [large]}
    )
    assert answer.status_code == 413
    assert "a file has at most 1 MB" in answer.text and "Kept" in answer.text
    answer = alice.post("/crm/documents/add", data={"client": acme, "files": [file(bytes(3 * 1024**2))]})
    assert answer.status_code == 413
    assert "at most 3 MB can be sent at once" in answer.text
    caller = api("alice", of=strict)
    answer = caller.post("/api/v1/documents/", data={"client": acme, "file": file(PDF + bytes(1024**2))})
    assert answer.status_code == 413
    assert "at most 1 MB" in answer.json["errors"]["file"][0]
    answer = caller.post("/api/v1/documents/", data={"client": acme, "file": file(bytes(3 * 1024**2))})
    assert (answer.status_code, answer.json["code"]) == (413, 413)
    assert not lying()


def test_a_store_that_fails_is_told_and_nothing_is_lost(
    document: int, acme: int, sign_in: Any, api: Any, system: Any, lying: Any, monkeypatch: Any
) -> None:
    alice, before = sign_in("alice"), lying()

    def full(*_: Any) -> None:
        raise CannotStore()

    monkeypatch.setattr(Folder, "write", full)
    answer = alice.post(
        "/crm/documents/add", data={"client": acme, "name": "Kept", "category": "", "files": [file()]}
    )
    assert answer.status_code == 507
    assert "The file store is full" in answer.text and "Kept" in answer.text
    answer = alice.post(
        f"/crm/documents/edit/{document}", data={"name": "New", "category": "", "files": [file()]}
    )
    assert answer.status_code == 507
    answer = api("alice").post("/api/v1/documents/", data={"client": acme, "file": file()})
    assert (answer.status_code, answer.json["code"]) == (507, 507)
    assert lying() == before
    assert all_documents(system) == [("Umowa żółta.pdf", "application/pdf", acme)]


def test_a_download_is_saved_never_run(document: int, sign_in: Any) -> None:
    answer = sign_in("vera").get(f"/crm/documents/{document}/download")
    assert answer.data == PDF
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    said = answer.headers["Content-Disposition"]
    assert said.startswith('attachment; filename="Umowa zolta.pdf"')
    assert said.endswith("filename*=UTF-8''Umowa%20%C5%BC%C3%B3%C5%82ta.pdf")
    again = sign_in("vera").get(
        f"/crm/documents/{document}/download", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304 and not again.data


def test_who_does_not_see_the_client_does_not_see_the_file(
    document: int, sign_in: Any, api: Any, app: Flask
) -> None:
    charlie = sign_in("charlie")
    for address in ("download", "thumbnail"):
        assert charlie.get(f"/crm/documents/{document}/{address}").status_code == 404
        assert app.test_client().get(f"/crm/documents/{document}/{address}").status_code == 302
    assert api("charlie").get(f"/api/v1/documents/{document}/file").status_code == 404
    assert api("alice").get(f"/api/v1/documents/{document}/file").data == PDF
    assert sign_in("alice").get(f"/crm/documents/{document}/thumbnail").status_code == 404


def test_a_file_that_is_missing_is_told(document: int, sign_in: Any, folder: Any, lying: Any) -> None:
    (folder / lying().pop()).unlink()
    answer = sign_in("alice").get(f"/crm/documents/{document}/download")
    assert answer.status_code == 404
    assert "missing in the file store" in answer.text


def test_a_picture_has_a_thumbnail(acme: int, sign_in: Any, system: Any) -> None:
    with system() as session:
        number = document_at(acme, picture("JPEG", (900, 600)), "ring.jpg")
        session.commit()
        number = number.id
    answer = sign_in("alice").get(f"/crm/documents/{number}/thumbnail")
    assert answer.mimetype == "image/webp"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.both_engines
def test_a_new_edition_keeps_the_old_one_for_a_while(
    document: int, sign_in: Any, system: Any, lying: Any
) -> None:
    alice = sign_in("alice")
    form = opened(alice, f"/crm/documents/edit/{document}")
    answer = alice.post(
        f"/crm/documents/edit/{document}",
        data=form.change(files=[file(picture("PNG"), "scan.png")], description="Signed"),
    )
    assert answer.status_code == 302, answer.text
    with system() as session:
        item = session.get(Document, document)
        assert (item.edition, item.type, item.name, item.description) == (
            2,
            "image/png",
            "Umowa żółta.png",
            "Signed",
        )
        change = session.query(Change).filter_by(table_name="document", action="update").one()
        assert change.before["edition"] == 1 and "stored_file_id" in change.before
        operation = change.operation_id
    assert len(lying()) == 2
    assert "Edition 1" in alice.get(f"/crm/documents/show/{document}").text
    assert alice.get(f"/crm/documents/{document}/download?edition=1").data == PDF
    assert alice.get(f"/crm/documents/{document}/download?edition=7").status_code == 404
    with system() as session:
        undo(operation)
        session.commit()
    assert alice.get(f"/crm/documents/{document}/download").data == PDF


def test_an_edit_without_a_file_keeps_the_file(document: int, sign_in: Any, system: Any, lying: Any) -> None:
    alice, before = sign_in("alice"), lying()
    form = opened(alice, f"/crm/documents/edit/{document}")
    assert alice.post(f"/crm/documents/edit/{document}", data=form.change(name="Contract")).status_code == 302
    assert alice.post(f"/crm/documents/edit/{document}", data=form.change(name="")).status_code == 422
    assert lying() == before
    answer = alice.get(f"/crm/documents/{document}/download")
    assert 'filename="Contract.pdf"' in answer.headers["Content-Disposition"]
    assert answer.data == PDF


@pytest.mark.both_engines
def test_a_deletion_is_undone_with_its_file(document: int, sign_in: Any, system: Any) -> None:
    alice = sign_in("alice")
    assert alice.post(f"/crm/documents/delete/{document}").status_code == 302
    assert alice.get(f"/crm/documents/{document}/download").status_code == 404
    with system() as session:
        operation = session.query(Change).filter_by(table_name="document", action="delete").one().operation_id
        undo(operation)
        session.commit()
    assert alice.get(f"/crm/documents/{document}/download").data == PDF


def test_an_undo_that_comes_too_late_says_so(document: int, sign_in: Any, system: Any) -> None:
    sign_in("alice").post(f"/crm/documents/delete/{document}")
    with system() as session:
        file_store.give_up(session.scalars(db.select(StoredFile.id)))
        session.commit()
        operation = session.query(Change).filter_by(table_name="document", action="delete").one().operation_id
        report = undo(operation)
        session.commit()
        assert report.left_count == 1
        assert session.get(Document, document) is None


def test_a_merge_takes_the_files_along(
    document: int, acme: int, make_client: Any, system: Any, sign_in: Any
) -> None:
    target = make_client("Target", assignees=["alice"])
    with system() as session:
        merge(acme, target)
        session.commit()
    assert "Umowa żółta.pdf" in sign_in("alice").get(f"/crm/clients/show/{target}?tab=files").text
    assert sign_in("alice").get(f"/crm/documents/{document}/download").data == PDF


def test_read_only_users_upload_nothing(acme: int, sign_in: Any, lying: Any) -> None:
    vera = sign_in("vera")
    assert vera.post("/crm/documents/add", data={"client": acme, "files": [file()]}).status_code == 403
    page = vera.get(f"/crm/clients/show/{acme}?tab=files").text
    assert "Choose files" not in page and "upload.js" not in page
    assert not lying()


def test_documents_off(document: int, acme: int, sign_in: Any) -> None:
    office = sign_in("office")
    office.post("/settings/modules", data={"on": ["tasks"]})
    alice = sign_in("alice")
    assert alice.get(f"/crm/documents/{document}/download").status_code in (403, 404)
    assert alice.get(f"/crm/documents/{document}/thumbnail").status_code in (403, 404)
    page = alice.get(f"/crm/clients/show/{acme}").text
    assert "Umowa" not in page and "upload.js" not in page
