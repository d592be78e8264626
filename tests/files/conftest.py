"""A file store of its own for each test."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from crm.extensions import db
from crm.models import Client, Document
from crm.services.files import store as file_store
from crm.services.files import uploads
from crm.services.files.storage import Folder
from crm.services.progress import Progress
from tests.api.conftest import api, make_key
from tests.files.samples import PDF

__all__ = ["api", "make_key"]


@pytest.fixture(autouse=True)
def folder(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the files of this test lie."""
    monkeypatch.setitem(app.extensions, "storage", Folder(tmp_path / "files"))
    return tmp_path / "files"


@pytest.fixture
def lying(folder: Path) -> Callable[[], set[str]]:
    """The places of all that lies in the folder."""

    def places() -> set[str]:
        return {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}

    return places


def document_at(client_id: int, content: bytes = PDF, name: str = "Contract.pdf") -> Document:
    """A document whose file is in the store and whose row is not committed."""
    upload = uploads.prepare(io.BytesIO(content), name)
    document = Document(client=db.session.get(Client, client_id), name=upload.name)
    document.stored_file = file_store.keep(upload)
    db.session.add(document)
    return document


class Quiet(Progress):
    """A run that only remembers."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self.counters: dict[str, Any] = {}
        self.lines: list[str] = []

    def progress(self, message: str, done: int = 0, total: int = 0) -> None:
        db.session.commit()

    def note(self, line: str) -> None:
        self.lines.append(line)
