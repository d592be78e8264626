"""What a person, or a program, is told when something cannot be done. Never SQL, never a stack trace."""

from typing import Any

from flask import Flask, jsonify, render_template, request
from flask_babel import gettext as _
from sqlalchemy.exc import DataError, IntegrityError, InvalidRequestError, StatementError
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    RequestEntityTooLarge,
    SecurityError,
    TooManyRequests,
)
from werkzeug.wrappers import Response

from crm.errors import StateConflict, TooLarge
from crm.extensions import db


def wants_json() -> bool:
    """Whether the request is one of a program: the API, or a page's script."""
    return request.headers.get("HX-Request") == "true" or is_api()


def is_api() -> bool:
    """Whether the request is one of the API's."""
    return request.path.startswith("/api/") or request.path.endswith(".json")


def answer(code: int, message: str, errors: dict[str, list[str]] | None = None) -> Response:
    """An error in the API's one shape."""
    response = jsonify(code=code, message=message, errors=errors or {})
    response.status_code = code
    return response


def in_one_shape(response: Response) -> Response:
    """An answer of Flask-AppBuilder's own APIs that says what went wrong, in the API's one shape."""
    if response.status_code < 400 or not wants_json() or not response.is_json:
        return response
    data = response.get_json(silent=True)
    if isinstance(data, dict) and "code" in data:
        return response
    said = (data.get("message") or data.get("msg")) if isinstance(data, dict) else data
    errors = {str(k): [str(t) for t in v] for k, v in said.items()} if isinstance(said, dict) else {}
    message = next((text for texts in errors.values() for text in texts), "") if errors else str(said or "")
    response.set_data(answer(response.status_code, message, errors).get_data())
    return response


def moved_in_one_shape(response: Response) -> Response:
    """An answer to a program that leads elsewhere, without the page that people would see."""
    if 300 <= response.status_code < 400 and response.mimetype == "text/html" and is_api():
        words = _("It is at %(address)s.", address=response.headers.get("Location", ""))
        response.set_data(answer(response.status_code, words).get_data())
        response.mimetype = "application/json"
    return response


def register(app: Flask) -> None:
    """Handle every error of this app."""
    app.after_request(in_one_shape)
    app.after_request(moved_in_one_shape)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Any:
        db.session.rollback()
        if isinstance(error, RequestEntityTooLarge) and not isinstance(error, TooLarge):
            largest = app.config["MAX_CONTENT_LENGTH"] // 1024**2
            error = TooLarge(_("This is too large: at most %(n)d MB can be sent at once.", n=largest))
        if error.response is not None or error.code is None or error.code < 400:
            return error
        if wants_json():
            said = answer(error.code, str(error.description or error.name), getattr(error, "errors", None))
            if isinstance(error, TooManyRequests) and error.retry_after:
                said.headers["Retry-After"] = str(error.retry_after)
            if error.code == 401 and is_api():
                said.headers["WWW-Authenticate"] = "Bearer"
            return said
        return render_template("errors/error.html", code=error.code, error=error), error.code

    @app.errorhandler(SecurityError)
    def foreign_host(error: SecurityError) -> Any:
        """A request for another host's name. No page can be drawn: its links would lead nowhere."""
        return answer(400, _("The CRM does not answer at this address; CRM_URL says at which it does."))

    @app.errorhandler(StaleDataError)
    def changed_meanwhile(_error: StaleDataError) -> Any:
        """Somebody else wrote between our reading and our writing."""
        return http_error(StateConflict(_("Somebody else has just changed this.")))

    @app.errorhandler(InvalidRequestError)
    def gone_meanwhile(error: InvalidRequestError) -> Any:
        """Somebody else deleted the row between our finding it and our holding it."""
        if isinstance(error, ObjectDeletedError) or str(error).startswith("Could not refresh instance"):
            return http_error(StateConflict(_("Somebody has just deleted this.")))
        return unexpected(error)

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Any:
        db.session.rollback()
        app.logger.exception("%s %s failed", request.method, request.path)
        if wants_json():
            return answer(500, _("Something went wrong on our side."))
        return render_template("errors/error.html", code=500, error=InternalServerError(), bare=True), 500

    @app.errorhandler(StatementError)
    @app.errorhandler(OverflowError)
    def refused_value(error: StatementError | OverflowError) -> Any:
        """A value that the database cannot hold is the sender's to put right."""
        cause = error.orig if isinstance(error, StatementError) else error
        if isinstance(error, DataError | IntegrityError) or isinstance(cause, ValueError | OverflowError):
            db.session.rollback()
            if wants_json():
                return answer(400, _("A value cannot be stored."))
            return render_template("errors/error.html", code=400, error=None), 400
        return unexpected(error)
