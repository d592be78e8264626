"""Templates that replace Flask-AppBuilder's by name rot silently at its upgrades: this notices them."""

import hashlib
from pathlib import Path

import flask_appbuilder
import pytest

OURS = Path(__file__).parent.parent / "crm/templates/appbuilder"
THEIRS = Path(flask_appbuilder.__file__).parent / "templates/appbuilder"

#: Their file that ours was written against. On a mismatch: compare, then record the new hash.
WRITTEN_AGAINST = {
    "general/lib.html": "d91fc4025d4fc213",
    "general/model/add.html": "321397131fa0a95f",
    "general/model/edit.html": "a10db10430c6aa9f",
    "general/model/list.html": "7c11106ff27fb6d2",
    "general/model/show.html": "67a574db1dc124a2",
    "general/security/login_db.html": "809558f64c446bff",
    "general/widgets/base_list.html": "16fec5c8fa0b3da9",
    "general/widgets/form.html": "640a41d53d00a184",
    "general/widgets/list.html": "2a0fad48fe42239c",
    "general/widgets/roles/list.html": "fbf2cb3dbc25ccb6",
    "general/widgets/roles/show.html": "3d84311595cea9f6",
    "general/widgets/search.html": "36c988fa2af397d9",
    "general/widgets/show.html": "babd5b80d4e383c4",
}


def test_every_override_is_recorded():
    assert {str(path.relative_to(OURS)) for path in OURS.rglob("*.html")} == set(WRITTEN_AGAINST)


@pytest.mark.parametrize("name", WRITTEN_AGAINST)
def test_the_original_is_the_one_that_was_overridden(name):
    found = hashlib.sha256((THEIRS / name).read_bytes()).hexdigest()[:16]
    assert found == WRITTEN_AGAINST[name], f"Flask-AppBuilder changed {name}: compare it with ours"


@pytest.mark.parametrize("name", sorted(WRITTEN_AGAINST))
def test_no_bootstrap_3_jquery_or_inline_style_in_ours(name):
    text = (OURS / name).read_text()
    for old in (
        "data-toggle",
        "glyphicon",
        "panel-",
        "btn-default",
        "jquery",
        "select2",
        "$(",
        " style=",
        "onclick",
    ):
        assert old not in text.lower(), f"{name} has {old}"
