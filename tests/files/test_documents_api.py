"""Documents by the API: a file beside its fields in a form, the file back, and what is refused."""

import io
from typing import Any

import pytest

from tests.files.samples import PDF, picture


def file(content: bytes = PDF, name: str = "Umowa.pdf") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


@pytest.fixture
def acme(make_client: Any) -> int:
    return make_client("Acme", assignees=["alice"])


@pytest.mark.both_engines
def test_the_life_of_a_document(acme: int, api: Any) -> None:
    alice = api("alice")
    made = alice.post("/api/v1/documents/", data={"client": acme, "category": "contract", "file": file()})
    assert made.status_code == 201, made.text
    number, told = made.json["id"], made.json["result"]
    assert (told["name"], told["category"], told["type"]) == ("Umowa.pdf", "contract", "application/pdf")
    assert (told["size"], told["edition"], told["client"]) == (len(PDF), 1, acme)
    assert alice.get(told["file_url"]).data == PDF

    changed = alice.put(f"/api/v1/documents/{number}", {**told, "name": "Contract of May.pdf"})
    assert changed.status_code == 200, changed.text
    replaced = alice.put(
        f"/api/v1/documents/{number}",
        data={"file": file(picture(), "scan.png"), "description": "Signed"},
        headers={"If-Match": changed.headers["ETag"]},
    )
    assert replaced.status_code == 200, replaced.text
    told = replaced.json["result"]
    assert (told["name"], told["type"], told["edition"]) == ("Contract of May.png", "image/png", 2)
    stale = alice.put(f"/api/v1/documents/{number}", data={"file": file(), "version": 1})
    assert stale.status_code == 409
    listed = alice.get(f"/api/v1/documents/?client={acme}&category=contract").json
    assert listed["ids"] == [number]
    assert alice.delete(f"/api/v1/documents/{number}").status_code == 200
    assert alice.get(f"/api/v1/documents/{number}/file").status_code == 404


def test_what_is_refused_leaves_no_file(acme: int, api: Any, make_client: Any, lying: Any) -> None:
    alice, foreign = api("alice"), make_client("Foreign", assignees=["charlie"])
    for sent, field in (
        ({"client": acme}, "file"),
        ({"client": acme, "file": file(b"<svg/>", "x.svg")}, "file"),
        ({"file": file()}, "client"),
        ({"client": foreign, "file": file()}, "client"),
        ({"client": acme, "category": "nonsense", "file": file()}, "category"),
        ({"client": acme, "nonsense": "1", "file": file()}, "nonsense"),
    ):
        answer = alice.post("/api/v1/documents/", data=sent, content_type="multipart/form-data")
        assert answer.status_code == 422, (sent, answer.text)
        assert field in answer.json["errors"]
    for sent in ({"client": acme}, {"client": acme, "file": "text"}, {"client": acme, "stored_file_id": 1}):
        assert alice.post("/api/v1/documents/", sent).status_code == 422
    assert api("vera").post("/api/v1/documents/", data={"client": acme, "file": file()}).status_code == 403
    assert not lying()


def test_a_document_of_another_client_cannot_be_replaced(acme: int, api: Any, lying: Any) -> None:
    made = api("alice").post("/api/v1/documents/", data={"client": acme, "file": file()})
    before = lying()
    answer = api("charlie").put(f"/api/v1/documents/{made.json['id']}", data={"file": file()})
    assert answer.status_code == 404
    assert lying() == before


def test_the_description_says_how_files_are_sent(api: Any) -> None:
    paths = api("admin").get("/api/v1/_openapi").json["paths"]
    post = paths["/api/v1/documents/"]["post"]["requestBody"]["content"]
    assert set(post) == {"multipart/form-data"}
    assert post["multipart/form-data"]["schema"]["properties"]["file"]["format"] == "binary"
    assert set(paths["/api/v1/documents/{pk}"]["put"]["requestBody"]["content"]) == {
        "multipart/form-data",
        "application/json",
    }
    assert "507" in paths["/api/v1/documents/"]["post"]["responses"]
    assert "/api/v1/documents/{pk}/file" in paths
