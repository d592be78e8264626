"""What programs are told: always JSON in one shape, never a page, never a stack trace, never a 500."""

import json
from typing import Any

import pytest

DEEP = "[" * 100_000 + "]" * 100_000


def check(answer: Any, *codes: int) -> None:
    assert answer.status_code in codes, (answer.status_code, answer.text[:300])
    assert answer.is_json, answer.text[:300]
    assert set(answer.json) == {"code", "message", "errors"}
    assert answer.json["code"] == answer.status_code
    assert answer.json["message"]
    for word in ("Traceback", "sqlite3", "psycopg", "SELECT ", "INSERT ", "constraint"):
        assert word not in answer.text


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "/api/v1/clients/"),
        ("POST", "/api/v1/clients/"),
        ("GET", "/api/v1/clients/1"),
        ("PUT", "/api/v1/clients/1"),
        ("DELETE", "/api/v1/clients/1"),
        ("GET", "/api/v1/clients/_info"),
        ("GET", "/api/v1/_openapi"),
        ("POST", "/crm/clients/upsert.json"),
        ("GET", "/crm/clients/e/1.json"),
        ("GET", "/crm/clients/e.json"),
        ("POST", "/crm/clients/1/change_bulk_option.json"),
        ("POST", "/crm/clients/change_bulk_option_multiple.json"),
        ("POST", "/crm/clients/merge_clients.json"),
        ("POST", "/api/v1/security/refresh"),
    ],
)
def test_nobody_is_let_in(app: Any, method: str, url: str) -> None:
    check(app.test_client().open(url, method=method), 401)
    check(app.test_client().open(url, method=method, headers={"Authorization": "Bearer crm_no"}), 401)


def test_what_is_not_there(api: Any) -> None:
    alice = api("alice")
    for url in (
        "/api/v1/nothing/",
        "/api/v2/clients/",
        "/api/",
        "/crm/nothing.json",
        "/crm/clients/e/x.json",
    ):
        check(alice.get(url), 404)
    for method, url in (
        ("PUT", "/api/v1/clients/"),
        ("POST", "/api/v1/clients/1"),
        ("GET", "/crm/clients/upsert.json"),
    ):
        check(alice(method, url), 405)


@pytest.mark.both_engines
def test_bodies_that_cannot_be_read(api: Any) -> None:
    alice = api("alice")
    as_json = {"content_type": "application/json"}
    for url in ("/api/v1/clients/", "/crm/clients/upsert.json", "/crm/clients/merge_clients.json"):
        for data in (b"", b"{", b"[]", b"1", b'"x"', b"null", b"\xff\xfe", DEEP.encode(),
                     b'{"name": NaN}',
                     b'{"name": 1e999}', b'{"a":' * 50 + b"1" + b"}" * 50,
                     b'{"stars": ' + b"9" * 5000 + b"}"):  # fmt: skip
            check(alice.post(url, data=data, **as_json), 400)
        check(alice.post(url, data=b"name=x"), 400)
        check(alice.post(url, data=b'{"name": "x"}', content_type="text/plain"), 400)


@pytest.mark.both_engines
def test_values_that_cannot_be_stored(api: Any, make_client: Any) -> None:
    acme = make_client("Acme")
    alice = api("office")
    for value in (
        "a\x00b",
        "a\ud800b",
        2**63,
        -(2**63),
        2**31,
        1e300,
        True,
        [],
        {},
        [[]],
        {"a": {"b": 1}},
        "x" * 5000,
    ):
        body = json.dumps({"text": "x", "client": value})
        check(alice.post("/api/v1/notes/", data=body, content_type="application/json"), 400, 422)
        for name in ("name", "stars", "discount", "tags", "status", "billing", "consent", "assignees", "external_id",
                     "payment_period", "billing_amount", "archived", "kind", "email"):  # fmt: skip
            body = json.dumps({"name": "Acme", "email": "a@b.example", name: value})
            answer = alice.put(f"/api/v1/clients/{acme}", data=body, content_type="application/json")
            assert answer.status_code in (200, 400, 422), (name, value, answer.text[:200])
            row = json.dumps({"external_id": "c", "client": {"name": "Acme", name: value}})
            answer = alice.post("/crm/clients/upsert.json", data=row, content_type="application/json")
            assert answer.status_code in (200, 201, 400, 422), (name, value, answer.text[:200])


@pytest.mark.both_engines
def test_addresses_that_cannot_be_read(api: Any) -> None:
    alice = api("alice")
    for query in ("search=%00", "search=%ed%a0%80", "search=%22", "search=%27%5c%22%28%29%2a%3a", "page=1e9",
                  "page=%D9%A3",
                  "page=" + "9" * 40, "page_size=" + "9" * 40, "q=%00", "q=" + "(" * 20_000, "q='", "q=!n", "q=1",
                  "q=(page:-5)", "q=(page:x)", "q=(page_size:!t)", "q={}", "q=(order_column:!n)",
                  "updated_since=%00",
                  "updated_since=0001-01-01", "updated_since=9999-12-31T23:59:59-23:59",
                  "created_from=0001-01-01",
                  "stars=" + "9" * 40, "status[]=1", "sort=name%27", "dir=", "page=1&page=2", "=", "&",
                  "%"):  # fmt: skip
        answer = alice.get(f"/api/v1/clients/?{query}")
        assert answer.status_code in (200, 400), (query[:60], answer.text[:200])
        answer = alice.get(f"/api/v1/notes/?{query}")
        assert answer.status_code in (200, 400), (query[:60], answer.text[:200])
    for number in (
        "0",
        "-1",
        "1.5",
        "x",
        "9" * 19,
        "9" * 400,
        "%00",
        "٣",
        "1%20",
        "%ed%a0%80",
        "%2e%2e",
        "null",
    ):
        answer = alice.get(f"/api/v1/clients/{number}")
        assert answer.status_code in (400, 404), (number, answer.text[:200])
        answer = alice.get(f"/crm/clients/e/{number}.json")
        assert answer.status_code in (400, 404), (number, answer.text[:200])


def test_headers_that_cannot_be_read(api: Any, make_client: Any) -> None:
    acme = make_client("Acme", assignees=["alice"], email="a@b.example")
    alice = api("alice")
    for tag in ("", '"', "nonsense", '"9"', "W/", '"1", "2"', "*"):
        answer = alice.put(f"/api/v1/clients/{acme}", {"stars": 1}, headers={"If-Match": tag})
        assert answer.status_code in (200, 409), (tag, answer.text)


def test_pages_take_no_nonsense_either(sign_in: Any) -> None:
    office = sign_in("office")
    for url in ("/crm/clients/list/?search=%00", "/crm/notes/list/?search=%00", "/crm/search?q=%00"):
        assert office.get(url).status_code == 400, url
    assert office.post("/crm/tags/add", data={"name": "a\x00b"}).status_code == 400
    admin = sign_in("admin")
    for query in ("psize_UserDBModelView=abc", "page_UserDBModelView=-5", "page_size=abc", "page_x=1e20"):
        assert admin.get(f"/users/list/?{query}").status_code == 400, query
    assert admin.get("/users/list/?page_UserDBModelView=0&psize_UserDBModelView=10").status_code == 200
    for url in ("/users/show/" + "9" * 25, "/users/show/x", "/users/show/999"):
        assert admin.get(url).status_code < 500, url


def test_a_request_that_is_too_large(make_app: Any, make_key: Any) -> None:
    from tests.api.conftest import Caller

    small = make_app(MAX_CONTENT_LENGTH=1000)
    caller = Caller(small, f"Bearer {make_key('alice')}")
    check(caller.post("/api/v1/clients/", {"name": "x" * 2000}), 413)


def test_an_error_of_ours_says_nothing(make_app: Any, make_key: Any, monkeypatch: Any) -> None:
    from crm.views.api import client as client_api
    from tests.api.conftest import Caller

    broken = make_app(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    monkeypatch.setattr(client_api, "loaded", lambda _statement: 1 / 0)
    answer = Caller(broken, f"Bearer {make_key('alice')}").get("/api/v1/clients/")
    check(answer, 500)
    assert "division" not in answer.text
