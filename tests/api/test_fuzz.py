"""Nonsense for every route, found by hypothesis: never a 500, and of the API only what it says it answers."""

import re
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.routing import Rule

from crm.models import Contact, Deal, Note, Task

#: Not asked: they end the session, or take the lock of a whole minute.
LEFT_OUT = ("static", "appbuilder.static", "CRMAuthView", "SecurityApi", "LocaleView")
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "0", "-1", "1", "9" * 30, "1e999", "null", "none", "me", "\x00", "%", "'", '"', "((",
                     "a" * 3000,
                     "2026-02-31", "2026-02-01", "name", "desc", "=1+1", "<b>", "../..", "٣", "😀", "yes"]),
)  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.sampled_from([1, 2, 3, 2**31, 2**63])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
PLACES = st.sampled_from(["1", "1", "2", "3", "0", "-1", "x", "9" * 25, "status_id", "%00", "٣", "a b"])
FILTERS = ["search", "client", "status", "tags", "tags_mode", "stars", "assignee", "created_from", "alert", "archived",
           "consent", "sort", "dir", "page", "page_size", "q", "updated_since", "country", "app_code", "external_id",
           "next", "kind", "after", "expected"]  # fmt: skip
FIELDS = ["client", "clients", "ids", "type", "value", "source_id", "target_id", "version", "choices", "app_code",
          "external_id", "other", "id", "created_at", "base", "assignee_links"]  # fmt: skip


def routes(app: Flask) -> list[tuple[Rule, str]]:
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.startswith(LEFT_OUT)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


@pytest.fixture
def filled(make_client: Any, system: Any) -> None:
    """A little of everything, so that ids lead somewhere."""
    for name in ("One", "Two", "Three"):
        make_client(name, email="a@b.example", assignees=["alice"])
    with system() as session:
        session.add_all([Note(client_id=1, text="x"), Contact(client_id=1, first_name="x"),
                         Task(client_id=1, title="x"),
                         Deal(client_id=1, title="x")])  # fmt: skip
        session.commit()


@pytest.mark.both_engines
@pytest.mark.parametrize("examples", [60, pytest.param(4000, marks=pytest.mark.slow)])
def test_nothing_breaks(app: Flask, api: Any, sign_in: Any, filled: None, examples: int) -> None:
    caller, browser = api("admin"), sign_in("admin")
    described = caller.get("/api/v1/_openapi").json["paths"]
    answers = {
        (re.sub(r"{[^}]+}", "{}", path), method.upper()): set(operation["responses"])
        for path, item in described.items()
        for method, operation in item.items()
        if isinstance(operation, dict)
    }
    fields = sorted({name for schema in caller.get("/api/v1/_openapi").json["components"]["schemas"].values()
                     for name in schema.get("properties", {})} | set(FIELDS))  # fmt: skip

    @settings(max_examples=examples, deadline=None, database=None, derandomize=examples < 1000,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(
        route=st.sampled_from(routes(app)),
        places=st.lists(PLACES, min_size=3, max_size=3),
        query=st.dictionaries(st.sampled_from(FILTERS) | TEXTS, TEXTS, max_size=3),
        sent=st.dictionaries(st.sampled_from(fields) | TEXTS, VALUES, max_size=5),
    )
    def try_it(
        route: tuple[Rule, str], places: list[str], query: dict[str, str], sent: dict[str, Any]
    ) -> None:
        rule, method = route
        left = iter(places)
        url = re.sub(r"<[^>]+>", lambda _match: next(left), rule.rule)
        is_api = rule.rule.startswith("/api/") or rule.rule.endswith(".json")
        asked: dict[str, Any] = {"query_string": query}
        if method in ("GET", "DELETE"):
            answer = caller(method, url, **asked) if is_api else browser.open(url, method=method, **asked)
        elif is_api:
            answer = caller(method, url, json=sent, **asked)
        else:
            form = {str(k): str(v) for k, v in sent.items()}
            answer = browser.open(url, method=method, data=form, **asked)
        assert answer.status_code < 500, (method, url, query, sent, answer.text[:500])
        if is_api and answer.status_code >= 400:
            assert set(answer.json) == {"code", "message", "errors"}, (method, url, answer.text[:300])
        said = answers.get((re.sub(r"<[^>]+>", "{}", rule.rule), method))
        if said and rule.endpoint.endswith("Api"):
            assert str(answer.status_code) in said, (method, url, answer.status_code)

    try_it()
