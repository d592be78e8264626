"""Nobody signed in: every route refuses but those named here, even of a view that forgot to ask."""

from typing import Any

from flask import Flask, current_app, redirect, request, url_for
from flask_login import current_user

#: Endpoints that are open to everybody.
OPEN = frozenset({
    "static",
    "appbuilder.static",
    "CRMAuthView.login",
    "health.health",
    "mailchimp_hook.receive",
    "SecurityApi.login",
    "SecurityApi.refresh",
    "well_known_carddav.find",
})  # fmt: skip
#: Blueprints that find out for themselves who asks, and refuse strangers in their own way.
ASKING = frozenset({"carddav"})


def register(app: Flask) -> None:
    """Stand before every request of this app. Requests with a token are judged by the view they ask for."""

    @app.before_request
    def refuse_strangers() -> Any:
        if request.endpoint is None or request.endpoint in OPEN or current_user.is_authenticated:
            return None
        if request.blueprint in ASKING:
            return None
        if request.path.startswith("/api/") or request.path.endswith(".json"):
            return None
        return redirect(url_for(current_app.login_manager.login_view, next=request.full_path.rstrip("?")))
