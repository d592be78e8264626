"""Every route and method there is, tried against somebody else's client: nothing shows, nothing is changed.

New routes are covered the day they are added: the list is the app's own URL map.
"""

import re
from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule

from crm.extensions import db
from crm.models import AttributeDefinition, AttributeValue, Client, ClientExternalId
from crm.registry import registry
from crm.security.visibility import as_system, including_hidden
from crm.services.clients import id_images
from tests.prepared import PASSWORD
from tests.rows import row_of

MARK = "zyzzyva"
#: Open to everybody, signed in or not.
OPEN = re.compile(
    r"/login/|/static/.*|/healthz|/api/v1/security/(login|refresh)|/favicon.ico|/.well-known/carddav"
)
#: Ends the session, so it is not walked by the signed-in.
ENDS_SESSION = re.compile(r"/logout/?")
#: Tables whose rows at the foreign client must be what they were.
TABLES = [table for table in Client.metadata.sorted_tables if "client_id" in table.c]


@pytest.fixture
def foreign(app: Flask, make_client: Any) -> dict[str, int]:
    """A client of Charlie's, with a marked row of every record type; and one of Alice's beside it."""
    own = make_client("Alice's own", assignees=["alice"], email="own@example.com")
    number = make_client(
        f"{MARK} Ltd",
        assignees=["charlie"],
        email=f"{MARK}@example.com",
        notes=MARK,
        billing_city=MARK,
        stars=3,
    )
    ids = {}
    with app.app_context(), as_system():
        session = db.session
        for record in registry().of_client():
            if not record.seen_by_all:
                row = row_of(record, number, own, session, MARK)
                session.add(row)
                session.flush()
                ids[record.key] = row.id
        word = AttributeDefinition(label="Size", key="size", type="text")
        session.add(AttributeValue(client_id=number, definition=word, text=MARK))
        session.add(ClientExternalId(client_id=number, external_id=f"{MARK}-1"))
        session.commit()
        session.remove()
    return {**ids, "client": number, "own": own}


def snapshot(app: Flask, client_id: int) -> list[Any]:
    with app.app_context(), as_system(), including_hidden():
        connection = db.session.connection()
        found = [list(map(tuple, connection.execute(select(Client.__table__).where(Client.id == client_id))))]
        for table in TABLES:
            asked = table.select().where(table.c.client_id == client_id)
            found.append(sorted(map(repr, connection.execute(asked))))
        db.session.remove()
        return found


def values(app: Flask, rule: Rule, ids: dict[str, int]) -> dict[str, Any]:
    """Values for a rule's parts that point at the foreign client and what is its."""
    view = rule.endpoint.partition(".")[0]
    key = next(
        (v.class_permission_name for v in app.appbuilder.baseviews if type(v).__name__ == view), "client"
    )
    number = ids.get(key, ids["client"])
    known = {
        "locale": "en",
        "filename": "x.css",
        "version": "v1",
        "external_id": f"{MARK}-1",
        "app_code": "shop",
    }
    found = {}
    for name in rule.arguments:
        if items := getattr(rule._converters[name], "items", None):
            found[name] = min(items)
            continue
        is_client = name in ("client_id", "source_id", "target_id") or key not in ids
        found[name] = known.get(name, ids["client"] if is_client else number)
    return found


def calls(
    app: Flask, ids: dict[str, int], together: bool = False
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, address, more) of every way to ask for the foreign client; together: lists are asked all at once."""
    adapter = app.url_map.bind("localhost")
    number = ids["client"]
    form = {
        "client": number, "other": number, "client_id": number, "source": number, "id": number,
        "target": ids["own"], "source_id": number, "target_id": ids["own"], "name": "taken",
        "text": "taken", "title": "taken", "stage": "new", "currency": "EUR", "first_name": "taken",
        "type": 1, "value": 3, "ids": [number],
        "rowid": [number], "action": "x", "tag": "taken", "stars": 1, "status": "vip",
        "contact": ids["contact"], "email": "taken@example.com", "external_id": f"{MARK}-1",
        "priority": "normal", "base": "{}",
    }  # fmt: skip
    body = {**form, "client": number, "clients": [{"external_id": f"{MARK}-1", "client": {"name": "taken"}}]}
    lists: list[dict[str, Any]] = [{"client": number}, {"search": MARK}, {"q": MARK}]
    lists.append({"source": number, "target": number})
    lists = [{}, reduce(or_, lists)] if together else [{}, *lists]
    for rule in app.url_map.iter_rules():
        url = adapter.build(rule.endpoint, values(app, rule, ids), force_external=False)
        if OPEN.fullmatch(url) or ENDS_SESSION.fullmatch(url):
            continue
        by_program = url.startswith("/api/") or url.endswith(".json")
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            if method == "GET":
                for query in lists if not rule.arguments else lists[:1]:
                    yield method, url, {"query_string": query}
            elif by_program:
                yield method, url, {"json": body}
            else:
                yield method, url, {"data": form}
                if not rule.arguments:
                    without = {name: value for name, value in form.items() if name != "client"}
                    yield method, f"{url}?client={number}", {"data": without}


def leaks(answer: Any, asked: dict[str, Any]) -> bool:
    """Whether an answer shows the mark, other than as an echo of what was asked."""
    text = answer.get_data(as_text=True).lower()
    for value in [*asked.get("query_string", {}).values(), f"{MARK}-1"]:
        text = text.replace(str(value).lower(), "") if isinstance(value, str) else text
    return MARK in text


def walk(browser: FlaskClient, app: Flask, ids: dict[str, int]) -> list[str]:
    wrong = []
    for method, url, more in calls(app, ids):
        answer = browser.open(url, method=method, **more)
        if answer.status_code >= 500:
            wrong.append(f"{answer.status_code} {method} {url} {str(more)[:80]}")
        if MARK not in str(more) and leaks(answer, more):
            wrong.append(f"shown by {method} {url} {str(more)[:80]}")
        for query in ("search", "q"):
            if more.get("query_string", {}).get(query) and leaks(answer, more):
                wrong.append(f"found by {method} {url} {more}")
    return wrong


@pytest.mark.parametrize("name", ["alice", pytest.param("bob", marks=pytest.mark.slow)])
def test_a_foreign_client_appears_nowhere(app: Flask, sign_in: Any, foreign: Any, name: str) -> None:
    before = snapshot(app, foreign["client"])
    wrong = walk(sign_in(name), app, foreign)
    assert not wrong, "\n" + "\n".join(wrong)
    assert snapshot(app, foreign["client"]) == before


def test_read_only_users_change_nothing(app: Flask, sign_in: Any, foreign: Any) -> None:
    before = snapshot(app, foreign["client"])
    vera = sign_in("vera")
    for method, url, more in calls(app, foreign):
        if method != "GET":
            assert vera.open(url, method=method, **more).status_code < 500, f"{method} {url}"
    assert snapshot(app, foreign["client"]) == before


def test_signed_out_every_route_refuses(app: Flask, foreign: Any) -> None:
    stranger, open_ = app.test_client(), []
    before = snapshot(app, foreign["client"])
    for method, url, more in calls(app, foreign):
        answer = stranger.open(url, method=method, **more)
        refused = answer.status_code in (400, 401, 403, 404, 405, 415) or (
            answer.status_code in (301, 302, 303, 308) and "/login/" in (answer.location or "/login/")
        )
        if not refused or leaks(answer, more):
            open_.append(f"{answer.status_code} {method} {url} {answer.location}")
    assert not open_, "\n".join(open_)
    assert snapshot(app, foreign["client"]) == before


def everything(app: Flask) -> dict[str, list[Any]]:
    """Every row of every table."""
    with app.app_context():
        tables = Client.metadata.sorted_tables
        found = {t.name: sorted(map(repr, db.session.execute(select(t)))) for t in tables}
        # that somebody looked is written down on purpose
        found["operation"] = [row for row in found["operation"] if id_images.SEEN not in row]
        db.session.remove()
        return found


@pytest.mark.parametrize("name", ["admin", pytest.param("office", marks=pytest.mark.slow)])
def test_no_page_fails_and_reading_writes_nothing(app: Flask, sign_in: Any, foreign: Any, name: str) -> None:
    """No GET changes a row: a link on somebody else's page could be one."""
    browser, failed = sign_in(name), []
    before = everything(app)
    for method, url, more in calls(app, foreign, together=True):
        if method == "GET" and browser.open(url, method=method, **more).status_code >= 500:
            failed.append(f"{method} {url} {str(more)[:80]}")
    after = everything(app)
    assert not failed, "\n".join(failed)
    assert [name for name in before if before[name] != after[name]] == []


def test_without_its_token_a_signed_in_browser_writes_nothing(
    app: Flask, make_app: Any, foreign: Any
) -> None:
    strict = make_app(WTF_CSRF_ENABLED=True)
    browser = strict.test_client()
    token = re.search('name="csrf_token"[^>]*value="([^"]+)"', browser.get("/login/").text)
    data = {"username": "admin", "password": PASSWORD, "csrf_token": token[1] if token else ""}
    assert browser.post("/login/", data=data).status_code == 302
    assert browser.get("/crm/clients/list/").status_code == 200
    before, wrong = everything(app), []
    for method, url, more in calls(strict, foreign):
        if method != "GET":
            answer = browser.open(url, method=method, **more)
            if answer.status_code not in (400, 401, 404, 405):
                wrong.append(f"{answer.status_code} {method} {url}")
    after = everything(app)
    assert not wrong, "\n".join(wrong)
    assert [name for name in before if before[name] != after[name]] == []
