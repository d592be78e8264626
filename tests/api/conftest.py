"""Programs that call the API, each with a key of its own."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select
from werkzeug.test import TestResponse

from crm.extensions import db
from crm.security.api_keys import create_key
from crm.security.visibility import as_system


class Caller:
    """Calls the API with one header and nothing else: no cookie is kept."""

    def __init__(self, app: Flask, authorization: str):
        self.app, self.headers = app, {"Authorization": authorization}

    def __call__(
        self, method: str, url: str, json: Any = None, headers: Any = None, **more: Any
    ) -> TestResponse:
        client = self.app.test_client(use_cookies=False)
        body = {"json": json} if json is not None else {}
        return client.open(url, method=method, headers={**self.headers, **(headers or {})}, **body, **more)

    def get(self, url: str, **more: Any) -> TestResponse:
        return self("GET", url, **more)

    def post(self, url: str, json: Any = None, **more: Any) -> TestResponse:
        return self("POST", url, json, **more)

    def put(self, url: str, json: Any = None, **more: Any) -> TestResponse:
        return self("PUT", url, json, **more)

    def delete(self, url: str, **more: Any) -> TestResponse:
        return self("DELETE", url, **more)


@pytest.fixture
def make_key(app: Flask) -> Callable[..., str]:
    """`make_key("alice", scopes="read")` gives a key of Alice's."""

    def make(name: str, scopes: str | None = None, days: int | None = None, of: Flask | None = None) -> str:
        with (of or app).app_context(), as_system():
            user = db.session.scalars(select(User).where(User.username == name)).one()
            key = create_key(user, f"{name}'s", scopes, days)
            db.session.remove()
            return key

    return make


@pytest.fixture
def api(app: Flask, make_key: Callable[..., str]) -> Callable[..., Caller]:
    """`api("alice")` calls the API as Alice does, with a key."""

    def caller(name: str, of: Flask | None = None, **options: Any) -> Caller:
        return Caller(of or app, f"Bearer {make_key(name, of=of, **options)}")

    return caller
