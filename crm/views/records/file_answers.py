"""Files as answers: always to be saved, never to be run; and their thumbnails, which are only pictures."""

from typing import Any
from urllib.parse import quote

from flask import Response, abort, current_app, request
from flask_babel import gettext as _

from crm.models import StoredFile
from crm.models.folding import fold
from crm.services.files import store as file_store

#: Whatever a browser makes of the content, it may do nothing.
POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


def as_attachment(stored: StoredFile, name: str) -> Response:
    """A file to be saved under this name. 404 where the store has lost it."""
    return _file(stored, disposition("attachment", name))


def as_picture(stored: StoredFile) -> Response:
    """A picture shown by itself, at its full size. 404 where the store has lost it."""
    return _file(stored, "inline")


def _file(stored: StoredFile, said: str) -> Response:
    response = _answer(stored, stored.digest)
    response.mimetype = stored.type
    response.headers["Content-Disposition"] = said
    if response.status_code != 304:
        response.response = _content(stored)
        response.headers["Content-Length"] = str(stored.size)
    return response


def as_thumbnail(stored: StoredFile) -> Response:
    """The small picture of a file; 404 where it has none."""
    response = _answer(stored, f"{stored.digest}-small")
    response.mimetype = "image/webp"
    response.headers["Content-Disposition"] = "inline"
    if response.status_code != 304:
        response.set_data(file_store.thumbnail_of(stored) or abort(404))
    return response


def _answer(stored: StoredFile, tag: str) -> Response:
    """An answer without content: 304 for a browser that has it already and asks whether it still holds."""
    response = Response()
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if stored.sealed:
        response.headers["Cache-Control"] = "private, no-store"
        return response
    response.cache_control.private = True
    response.cache_control.no_cache = True
    response.set_etag(tag)
    return response.make_conditional(request)


def _content(stored: StoredFile) -> Any:
    try:
        return file_store.content_of(stored)
    except FileNotFoundError:
        current_app.logger.error("File %s is missing at %s", stored.id, stored.place)
        return abort(404, description=_("This file is missing in the file store. Please tell an admin."))


def disposition(kind: str, name: str) -> str:
    """The header Content-Disposition, with a name of any letters."""
    plain = "".join(c for c in _unaccented(name) if c.isascii() and c.isprintable() and c not in '"\\%;')
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _unaccented(name: str) -> str:
    return "".join(c if c.isascii() else fold(c) or "_" for c in name)
