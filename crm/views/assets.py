"""Addresses of static files carry their version: browsers ask for a file once, and again when it changes."""

from pathlib import Path
from typing import Any

import flask_appbuilder
from flask import Flask, Response, request

A_YEAR = 31_536_000


def init_app(app: Flask) -> None:
    """Add `?v=` to what url_for makes of static files, and let such addresses be kept for a year."""

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "filename" in values:
            path = Path(app.static_folder or "", values["filename"])
            values.setdefault("v", f"{path.stat().st_mtime_ns // 1_000_000:x}" if path.is_file() else None)
        elif endpoint == "appbuilder.static":
            values.setdefault("v", flask_appbuilder.__version__)

    @app.after_request
    def keep(response: Response) -> Response:
        static = request.endpoint in ("static", "appbuilder.static")
        if static and "v" in request.args and response.status_code in (200, 304):
            response.cache_control.no_cache = None
            response.cache_control.public = True
            response.cache_control.max_age = A_YEAR
            response.cache_control.immutable = True
        return response
