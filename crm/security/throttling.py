"""How often somebody may fail to sign in, on the page and through the API, or try out what hidden clients have.

Only failures count, so that a busy office behind one address is not shut out. All web processes count
together, in the database.
"""

from flask import Flask, Response, request
from flask_babel import gettext as _
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user

from crm.security.shared_limits import DatabaseStorage

__all__ = ["DatabaseStorage", "init_app"]  # to import the storage is to make its scheme known

PAGE, API, REFRESH = "CRMAuthView.login", "SecurityApi.login", "SecurityApi.refresh"
PER_ACCOUNT = "10 per minute"
PER_ADDRESS = "60 per minute"
#: Looking for a client's duplicates while it is typed; and how often one may be told of a client that one cannot see.
DUPLICATES = "DuplicatesView.check"
CHECKS, ANNOUNCEMENTS = "120 per minute", "20 per hour"
#: The header of an answer that tells of one.
ANNOUNCES = "X-Announces-Hidden"


def init_app(app: Flask, limiter: Limiter) -> None:
    """Limit the ways to sign in; their views must be there already."""
    for endpoint in (PAGE, API, REFRESH):
        view = app.view_functions[endpoint]
        for limit, key in ((PER_ACCOUNT, account_and_address), (PER_ADDRESS, get_remote_address)):
            view = limiter.limit(
                limit, key_func=key, methods=["POST"], deduct_when=has_failed, error_message=too_many
            )(view)
        app.view_functions[endpoint] = view
    check = limiter.limit(CHECKS, key_func=user_id, error_message=too_many)(app.view_functions[DUPLICATES])
    app.view_functions[DUPLICATES] = limiter.limit(
        ANNOUNCEMENTS, key_func=user_id, deduct_when=announces, error_message=too_many
    )(check)


def user_id() -> str:
    """Who asks, from wherever."""
    return f"user {current_user.get_id() if current_user.is_authenticated else get_remote_address()}"


def announces(response: Response) -> bool:
    """Whether an answer says that there is a client that its reader may not see."""
    return ANNOUNCES in response.headers


def too_many() -> str:
    """What somebody is told who has to wait."""
    return _("Too many attempts. Wait a minute and try again.")


def account_and_address() -> str:
    """Whose password is tried, and from where: one alone would lock people out or let guessing go on."""
    asked = request.get_json(silent=True) if request.is_json else request.form
    name = asked.get("username") if hasattr(asked, "get") else None
    return f"{str(name or '')[:100].casefold()} {get_remote_address()}"


def has_failed(response: Response) -> bool:
    """Whether nobody was signed in; the page answers success and failure with a redirect."""
    if request.endpoint == PAGE:
        return not current_user.is_authenticated
    return response.status_code >= 400
