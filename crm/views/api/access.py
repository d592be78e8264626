"""Who may call an API, and what a caller is told: the base of all our APIs."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, abort, current_app, g, jsonify, request
from flask_appbuilder.api import BaseApi
from flask_babel import gettext as _
from flask_jwt_extended import get_jwt_identity, verify_jwt_in_request
from flask_login import current_user
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm.exc import StaleDataError

from crm.database import SAFE_METHODS
from crm.errors import Invalid, RuleError, StateConflict, UnknownFilter
from crm.extensions import csrf, db
from crm.registry import registry
from crm.security.call_limits import count_call
from crm.services.modules import is_on


def authenticate() -> None:
    """Find out who calls: by API key, token, or a browser's session with its CSRF token. 401 for nobody."""
    manager = current_app.appbuilder.sm
    if "Authorization" in request.headers:
        key = manager.extract_api_key_from_request()
        if key is None:
            verify_jwt_in_request()
            count_call(f"user {get_jwt_identity()}")
        elif manager.validate_api_key(key) is None:
            abort(401, description=_("This key does not hold."))
        return
    if not current_user.is_authenticated:
        abort(401, description=_("Sign in first, or send a valid key or token."))
    g.user = current_user
    if request.method not in SAFE_METHODS and current_app.config["WTF_CSRF_ENABLED"]:
        csrf.protect()


def access(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let through whoever has the permission of this method, and turn broken rules into answers."""

    @wraps(view)
    def guarded(self: "Api", *args: Any, **values: Any) -> Any:
        authenticate()
        self.check_permission(view.__name__)
        try:
            return view(self, *args, **values)
        except UnknownFilter:
            raise
        except RuleError as error:
            raise Invalid(error.errors, error.description) from None
        except StaleDataError:
            raise StateConflict(_("Somebody else has just changed this.")) from None
        except IntegrityError:
            if request.method == "DELETE":
                raise StateConflict(_("It is in use and cannot be deleted.")) from None
            raise Invalid({}, _("There is one with these values already.")) from None
        except StatementError as error:
            if not isinstance(error.orig, ValueError):
                raise
            raise Invalid({}, _("A value is too large.")) from None

    guarded._permission_name = view.__name__  # type: ignore[attr-defined]
    return guarded


class Api(BaseApi):
    """An API of ours. `class_permission_name` is the key of the record type whose permissions it asks for."""

    method_permission_name: dict[str, str] = {}

    def is_on(self) -> bool:
        """Whether the module that it belongs to is on."""
        record = registry().by_key.get(self.class_permission_name)
        return record is None or is_on(record.module)

    def check_permission(self, method: str) -> None:
        """404 where the module is off, 403 where the caller lacks the permission of this method."""
        if not self.is_on():
            abort(404)
        permission = f"can_{self.get_method_permission(method)}"
        if not current_app.appbuilder.sm.has_access(permission, self.class_permission_name):
            abort(403)


def body(*known: str) -> dict[str, Any]:
    """The JSON object that was sent, with these fields and no others where they are named.

    Raises BadRequest, and Invalid: a misspelt guard would guard nothing.
    """
    if not request.is_json:
        abort(400, description=_("Send JSON, with the header Content-Type: application/json."))
    data = request.get_json()
    if not isinstance(data, dict):
        abort(400, description=_("Send a JSON object."))
    if known and (unknown := data.keys() - set(known)):
        raise Invalid({name: [_("There is no such field.")] for name in sorted(unknown)})
    return data


def reply(data: Any, status: int = 200, version: int | None = None) -> Response:
    """A JSON answer, with the version of what it shows as its ETag."""
    response = jsonify(data)
    response.status_code = status
    if version is not None:
        response.set_etag(str(version))
    return response


def check_version(item: Any, sent: Any = None) -> None:
    """409 where the caller saw another version: by the header If-Match, or as sent in the body.

    A proxy that compresses answers marks the ETag of what it sends as weak: it names the same version. What cannot
    be read names none.
    """
    asked, is_asked = request.if_match, "If-Match" in request.headers
    if is_asked and not asked.star_tag and not asked.contains_weak(str(item.version)):
        raise StateConflict(_("Somebody else has just changed this."))
    if sent is not None and sent != item.version:
        raise StateConflict(_("Somebody else has just changed this."))


def commit() -> None:
    """Make what was written last."""
    db.session.commit()
