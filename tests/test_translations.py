"""Every word of the product is there in Polish, with its blanks, and is shown to who asks for it (P3)."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask_babel.speaklater import LazyString

from crm import catalogs
from crm.records import RECORDS

ROOT = Path(__file__).resolve().parent.parent
BLANKS = re.compile(r"%\(\w+\)[sd]|\{\d\}")


def said_in_code() -> dict[str, tuple[str, ...] | None]:
    """Every text that goes through gettext -> its plural forms in English, or None."""
    with (ROOT / "babel.cfg").open() as config:
        methods, options = parse_mapping_cfg(config)
    keywords = {**DEFAULT_KEYWORDS, "_l": None, "lazy_gettext": None}
    found: dict[str, tuple[str, ...] | None] = {}
    for _file, _line, message, _comments, _context in extract_from_dir(
        ROOT / "crm", methods, options, keywords
    ):
        if isinstance(message, tuple):
            found[message[0]] = tuple(message)
        else:
            found.setdefault(message, None)
    return found


@pytest.fixture(scope="module")
def polish() -> Any:
    with (catalogs.FOLDER / "pl" / "LC_MESSAGES" / "messages.po").open("rb") as text:
        return read_po(text, locale="pl")


def test_nothing_is_missing_in_polish(polish: Any) -> None:
    missing = []
    for text, plural in said_in_code().items():
        message = polish.get(text)
        told = (message.string if plural else [message.string]) if message and not message.fuzzy else []
        if not told or not all(told) or len(told) != (3 if plural else 1):
            missing.append(text)
    assert not missing, f"run `make translations` and translate {len(missing)} in crm/translations/pl"


def test_blanks_are_the_same(polish: Any) -> None:
    for message in polish:
        if message.id and isinstance(message.id, str):
            assert sorted(BLANKS.findall(message.id)) == sorted(BLANKS.findall(message.string)), message.id
        elif message.id:
            for form in message.string:
                assert set(BLANKS.findall(form)) <= set(BLANKS.findall(" ".join(message.id))), message.id


def test_every_column_that_is_shown_has_words() -> None:
    for record in RECORDS:
        for attribute in (*record.columns, *record.fields):
            assert isinstance(record.label_of(attribute.key), LazyString), (
                f"{record.key}.{attribute.key}: crm/models/words.py"
            )


def test_catalogues_are_compiled_once(tmp_path: Path) -> None:
    folder = tmp_path / "translations"
    shutil.copytree(catalogs.FOLDER, folder, ignore=shutil.ignore_patterns("*.mo"))
    assert [path.name for path in catalogs.compile_catalogs(folder)] == ["messages.mo"]
    assert catalogs.compile_catalogs(folder) == []
    assert list(folder.rglob(".*")) == [], "no drafts are left behind"


def test_the_language_is_switched(sign_in: Any) -> None:
    alice = sign_in("alice")
    assert "New client" in alice.get("/crm/clients/add").text
    alice.get("/lang/pl")
    page = alice.get("/crm/clients/add").text
    assert "Nowy klient" in page and "Imię" in page and "Polska" in page
    refused = alice.post("/crm/clients/add", data={"kind": "company"}).text
    assert "Podaj nazwę." in refused and "Podaj co najmniej e-mail, telefon lub komórkę." in refused
    alice.get("/lang/en")
    assert "New client" in alice.get("/crm/clients/add").text
