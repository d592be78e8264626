"""What no page and no API needs to think of: input that no database can hold is refused before they see it,
wherever it comes in: address, query, form or JSON."""

import re
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, request
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest

from crm.services.reading import Unreadable
from crm.services.storable import UNSTORABLE, check_json, check_texts

#: Parameters that Flask-AppBuilder's own pages read as numbers without looking.
COUNTED = re.compile(r"(?:page|psize)_\w+")
COUNT = re.compile(r"[0-9]{1,6}")
OUR_PAGES = ("/crm/", "/api/")


def init_app(app: Flask) -> None:
    """Look at every request before anything else does."""
    app.before_request_funcs.setdefault(None, []).insert(0, check_input)


def checks_rows(name: str) -> Callable[..., Any]:
    """For a view that checks each row of this list itself, so that one refuses no other."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        view.checks_rows = name  # type: ignore[attr-defined]
        return view

    return mark


def check_input() -> None:
    """Raises BadRequest for what cannot be stored."""
    if UNSTORABLE.search(request.path):
        raise BadRequest(_("The address cannot be read."))
    try:
        _check_values()
    except Unreadable as error:
        raise BadRequest(str(error)) from None


def _check_values() -> None:
    for name, values in request.args.lists():
        check_texts((name, *values))
        if COUNTED.fullmatch(name) and not request.path.startswith(OUR_PAGES):
            if not all(COUNT.fullmatch(value) for value in values):
                raise BadRequest(_("%(name)s is a whole number.", name=name))
    if request.is_json:
        check_json(_without_rows(_parsed()))
    elif request.method in ("POST", "PUT", "PATCH"):
        for name, values in request.form.lists():
            if name is None:
                raise BadRequest(_("A part of the form has no name."))
            check_texts((name, *values))


def _parsed() -> Any:
    if not request.get_data(cache=True):
        return None
    try:
        return request.get_json()
    except RecursionError:
        raise BadRequest(_("The JSON is nested too deeply.")) from None


def _without_rows(document: Any) -> Any:
    """A document without the list whose rows the view checks itself."""
    rows = getattr(current_app.view_functions.get(request.endpoint or ""), "checks_rows", None)
    if rows is None or not isinstance(document, dict) or not isinstance(document.get(rows), list):
        return document
    return {name: value for name, value in document.items() if name != rows}
