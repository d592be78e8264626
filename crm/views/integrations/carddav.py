"""The address book for phones: WebDAV's methods, where clients look for them.

A phone signs in with the user's name and an API key as password; a browser's session is nothing here. Nothing
can be written: other methods than those below are answered 405.
"""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from flask import Blueprint, Response, abort, current_app, g, redirect, request, stream_with_context, url_for
from flask_babel import gettext as _
from lxml import etree
from sqlalchemy import inspect
from werkzeug.exceptions import TooManyRequests

from crm.extensions import db
from crm.integrations.carddav import book, reports, sync, xml
from crm.integrations.carddav.properties import (
    CARD_TYPE,
    CTAG,
    TOKEN,
    Places,
    of_book,
    of_card,
    of_root,
    of_user,
    state_of_book,
)
from crm.security.manager import may

#: Longer questions are not read: it is room for some ten thousand addresses.
LONGEST_QUESTION = 4 * 1024**2
ADDRESS = "/crm/carddav"
CLASSES = "1, 3, access-control, addressbook"

blueprint = Blueprint("carddav", __name__, url_prefix=ADDRESS)
#: Where programs look first that know no more than the server's name (RFC 6764).
well_known = Blueprint("well_known_carddav", __name__)


@well_known.route("/.well-known/carddav", methods=["GET", "PROPFIND"])
def find() -> Any:
    return redirect(url_for("carddav.root"), 301)


@well_known.route(f"{ADDRESS}/", methods=["GET"], provide_automatic_options=False)
def explain() -> Any:
    """For a person who types the server's address into a browser."""
    return redirect(url_for("PhonesView.index"))


@blueprint.before_request
def sign_in() -> Response | None:
    """Find out whose key it is; 401 for nobody's, or somebody else's."""
    given, manager = request.authorization, current_app.appbuilder.sm
    name, key = (given.username or "", given.password) if given and given.type == "basic" else ("", None)
    try:
        user = manager.validate_api_key(key) if key else None
    except TooManyRequests as error:
        # the answer after which phones go on by themselves
        return _told(503, str(error.description), {"Retry-After": str(error.retry_after)})
    if user is None or user.username.casefold() != name.strip().casefold():
        g.user = None
        challenge = {"WWW-Authenticate": 'Basic realm="CRM", charset="UTF-8"'}
        return _told(401, _("Sign in with your user name, and an API key as password."), challenge)
    if not (may("use", "carddav") and may("list", "client")):
        abort(403)
    request.max_content_length = LONGEST_QUESTION
    return None


def _told(status: int, words: str, headers: dict[str, str]) -> Response:
    return Response(words, status, headers, content_type="text/plain; charset=utf-8")


@blueprint.after_request
def say_what_it_is(response: Response) -> Response:
    response.headers["DAV"] = CLASSES
    return response


@blueprint.route("/", methods=["PROPFIND"])
def root() -> Response:
    places, answers = _places(), xml.Answers(_question())
    found = [answers.of(places.root, of_root(places))]
    if _is_deep():
        found.append(answers.of(places.user, of_user(places, g.user.get_full_name())))
    return _multistatus(xml.multistatus(found))


@blueprint.route("/me/", methods=["PROPFIND"])
def user() -> Response:
    places, answers = _places(), xml.Answers(_question())
    found = [answers.of(places.user, of_user(places, g.user.get_full_name()))]
    if _is_deep():
        listing = book.listing() if answers.wants(TOKEN, CTAG) else {}
        found.append(answers.of(places.book, {**of_book(places, _title()), **_state(answers, listing)}))
    return _multistatus(xml.multistatus(found))


@blueprint.route("/me/clients/", methods=["PROPFIND"])
def clients() -> Response:
    places, answers, is_deep = _places(), xml.Answers(_question()), _is_deep()
    listing = book.listing() if is_deep or answers.wants(TOKEN, CTAG) else {}
    found = [answers.of(places.book, {**of_book(places, _title()), **_state(answers, listing)})]
    inside = listing.items() if is_deep else ()
    cards = (answers.of(places.card(name), of_card(places, state)) for name, state in inside)
    return _multistatus(xml.multistatus(chain(found, cards)))


@blueprint.route("/me/clients/", methods=["REPORT"])
def report() -> Response:
    asked = _question()
    if asked is None:
        abort(400)
    answer = reports.answer(asked, _places(), g.api_key_id)
    if inspect(g.user).expired:  # by keeping a token; when the cards are read, the session is gone
        db.session.refresh(g.user)
    return _multistatus(answer)


@blueprint.route("/me/clients/<name>.vcf", methods=["PROPFIND"])
def card_properties(name: str) -> Response:
    places, answers = _places(), xml.Answers(_question())
    card = _card(name)
    return _multistatus(xml.multistatus([answers.of(places.card(name), of_card(places, card.state))]))


@blueprint.get("/me/clients/<name>.vcf")
def card(name: str) -> Response:
    found = _card(name)
    response = Response(found.text, content_type=CARD_TYPE)
    response.set_etag(found.state)
    return response.make_conditional(request)


def _card(name: str) -> book.Card:
    """A card of the book; 404 for any other."""
    return next(book.cards([name]), None) or abort(404)


def _places() -> Places:
    return Places(url_for("carddav.root"), url_for("carddav.user"), url_for("carddav.clients"))


def _title() -> str:
    return _("CRM clients")


def _state(answers: xml.Answers, listing: Mapping[str, str]) -> dict[str, str]:
    """What says which state the book is in; a token that is given out is kept."""
    if answers.wants(TOKEN):
        return state_of_book(sync.remember(g.api_key_id, listing))
    return state_of_book(sync.token_of(listing)) if answers.wants(CTAG) else {}


def _question() -> etree._Element | None:
    return xml.read(request.get_data())


def _is_deep() -> bool:
    """Whether what stands in a collection is asked for too; 403 for all that is below it, however deep."""
    depth = request.headers.get("Depth", "0").strip().lower()
    if depth == "infinity":
        xml.refuse(403, xml.d("propfind-finite-depth"))
    if depth not in ("0", "1"):
        abort(400)
    return depth == "1"


def _multistatus(parts: Iterable[str]) -> Response:
    return Response(stream_with_context(parts), 207, content_type=xml.CONTENT_TYPE)
