"""JSON Web Tokens: ended by a new password, and refused in the API's one shape."""

import hashlib
import hmac
from typing import Any

from flask import Response, current_app, jsonify
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_jwt_extended import JWTManager

from crm.extensions import db
from crm.security.viewer import finding_out

CLAIM = "stamp"


def password_stamp(user: User) -> str:
    """A word that changes with the user's password and says nothing about it."""
    secret = current_app.config["JWT_SECRET_KEY"].encode()
    return hmac.new(secret, f"{user.id} {user.password}".encode(), hashlib.sha256).hexdigest()[:32]


def prepare(manager: JWTManager) -> JWTManager:
    """Stamp the tokens that are given out, and say 401 to those that do not hold."""
    manager.additional_claims_loader(_claims)
    manager.token_verification_loader(_is_stamped)
    manager.token_verification_failed_loader(lambda _header, _data: refusal())
    manager.invalid_token_loader(lambda _reason: refusal())
    manager.expired_token_loader(lambda _header, _data: refusal(_("The token has expired.")))
    manager.unauthorized_loader(lambda _reason: refusal())
    manager.user_lookup_error_loader(lambda _header, _data: refusal())
    manager.needs_fresh_token_loader(lambda _header, _data: refusal())
    manager.revoked_token_loader(lambda _header, _data: refusal())
    return manager


def _claims(identity: str) -> dict[str, Any]:
    with finding_out():
        user = db.session.get(User, int(identity))
    return {CLAIM: password_stamp(user)} if user is not None else {}


def _is_stamped(_header: Any, data: dict[str, Any]) -> bool:
    with finding_out():
        subject = str(data.get("sub", ""))
        user = db.session.get(User, int(subject)) if subject.isascii() and subject.isdigit() else None
    if user is None or not user.is_active:
        return False
    return hmac.compare_digest(str(data.get(CLAIM, "")), password_stamp(user))


def refusal(message: str | None = None) -> Response:
    """401 in the API's one shape."""
    response = jsonify(
        code=401, message=message or _("Sign in first, or send a valid key or token."), errors={}
    )
    response.status_code = 401
    return response
