"""What no page and no API needs to think of: input that no database can hold is refused before they see it.

NUL bytes, lone surrogates, numbers beyond 64 bits, NaN, and JSON nested too deeply, wherever they come in:
address, query, form or JSON.
"""

import re
from collections.abc import Iterable
from math import isfinite
from typing import Any

from flask import Flask, request
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest

DEEPEST = 32
LARGEST = 2**63 - 1
#: What a text may not contain: PostgreSQL refuses both, SQLite stores them.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
#: Parameters that Flask-AppBuilder's own pages read as numbers without looking.
COUNTED = re.compile(r"(?:page|psize)_\w+")
COUNT = re.compile(r"[0-9]{1,6}")
OUR_PAGES = ("/crm/", "/api/")


def init_app(app: Flask) -> None:
    """Look at every request before anything else does."""
    app.before_request_funcs.setdefault(None, []).insert(0, check_input)


def check_input() -> None:
    """Raises BadRequest for what cannot be stored."""
    if UNSTORABLE.search(request.path):
        raise BadRequest(_("The address cannot be read."))
    for name, values in request.args.lists():
        _check_texts((name, *values))
        if COUNTED.fullmatch(name) and not request.path.startswith(OUR_PAGES):
            if not all(COUNT.fullmatch(value) for value in values):
                raise BadRequest(_("%(name)s is a whole number.", name=name))
    if request.is_json:
        check_json(_parsed())
    elif request.method in ("POST", "PUT", "PATCH"):
        for name, values in request.form.lists():
            if name is None:
                raise BadRequest(_("A part of the form has no name."))
            _check_texts((name, *values))


def _parsed() -> Any:
    if not request.get_data(cache=True):
        return None
    try:
        return request.get_json()
    except RecursionError:
        raise BadRequest(_("The JSON is nested too deeply.")) from None


def _check_texts(texts: Iterable[str]) -> None:
    for text in texts:
        if UNSTORABLE.search(text):
            raise BadRequest(_("A text contains a character that cannot be stored."))


def check_json(document: Any) -> None:
    """Raises BadRequest where a parsed document holds what cannot be stored."""
    level: list[Any] = [document]
    for _depth in range(DEEPEST):
        deeper: list[Any] = []
        for value in level:
            if isinstance(value, str):
                _check_texts((value,))
            elif isinstance(value, dict):
                _check_texts(value)
                deeper.extend(value.values())
            elif isinstance(value, list):
                deeper.extend(value)
            elif isinstance(value, int) and abs(value) > LARGEST:
                raise BadRequest(_("A number is too large."))
            elif isinstance(value, float) and not isfinite(value):
                raise BadRequest(_("A number is not one."))
        if not deeper:
            return
        level = deeper
    raise BadRequest(_("The JSON is nested too deeply."))
