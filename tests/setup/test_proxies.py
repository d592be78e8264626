"""Whose word is taken for where a request comes from."""

import pytest
from flask import request


@pytest.mark.parametrize(("proxies", "seen"), [(0, "127.0.0.1"), (1, "5.6.7.8"), (2, "1.2.3.4")])
def test_as_many_proxies_as_there_are_said_to_be(make_app, proxies, seen):
    app = make_app(CRM_PROXIES=proxies)
    addresses = []
    app.before_request(lambda: addresses.append(request.remote_addr))
    app.test_client().get("/healthz", headers={"X-Forwarded-For": "1.2.3.4, 5.6.7.8"})
    assert addresses == [seen]


def test_host_is_never_taken_from_a_header(make_app):
    app = make_app(CRM_PROXIES=1)
    answer = app.test_client().get("/", headers={"X-Forwarded-Host": "evil.example"})
    assert "evil" not in answer.headers.get("Location", "")


def test_foreign_host_is_refused(make_app):
    answer = make_app().test_client().get("/login/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
