"""The colours that users chose for statuses and tags, as a stylesheet: our CSP forbids inline styles."""

import re
from collections.abc import Iterator

from flask import Blueprint, Response, abort, request
from flask_login import current_user
from sqlalchemy import select

from crm.extensions import db
from crm.models.status import Status
from crm.models.tag import Tag

blueprint = Blueprint("colours", __name__)

HEX = re.compile(r"#[0-9a-fA-F]{6}")
#: One of these two has contrast enough with any colour; a softer black has not.
DARK, LIGHT = "#000000", "#ffffff"
#: WCAG 2.1 AA for text of normal size.
ENOUGH = 4.5


def luminance(colour: str) -> float:
    """Relative luminance of '#rrggbb', 0 to 1 (WCAG 2.1)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(background: str, wanted: str | None = None) -> str:
    """The wanted text colour where it can be read on the background, else the better of dark and light."""
    if wanted and contrast(background, wanted) >= ENOUGH:
        return wanted
    return max((DARK, LIGHT), key=lambda text: contrast(background, text))


def _rules() -> Iterator[str]:
    statuses = db.session.execute(select(Status.id, Status.background, Status.colour).order_by(Status.id))
    tags = db.session.execute(select(Tag.id, Tag.colour).order_by(Tag.id))
    chosen = [(f"colour-status-{i}", back, text) for i, back, text in statuses]
    chosen += [(f"colour-tag-{i}", back, None) for i, back in tags]
    for name, back, text in chosen:
        if HEX.fullmatch(back or ""):
            wanted = text if text and HEX.fullmatch(text) else None
            yield f".{name}{{--badge-back:{back};--badge-text:{readable(back, wanted)}}}"


@blueprint.get("/crm/colours.css")
def stylesheet() -> Response:
    """Asked for by every page, answered 304 while nothing has changed: a new colour shows at once."""
    if not current_user.is_authenticated:
        abort(401)
    response = Response("\n".join(_rules()), mimetype="text/css")
    response.cache_control.private = True
    response.cache_control.no_cache = True
    response.add_etag()
    return response.make_conditional(request)
