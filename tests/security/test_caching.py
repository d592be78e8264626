"""What caches on the way may keep: files that are the same for all, and nothing else."""

import pytest


@pytest.mark.parametrize(
    "url", ["/", "/crm/clients/list/", "/crm/clients/kanban/", "/crm/clients/tag-choices?q=a", "/crm/search?q=a",
            "/api/v1/clients/", "/api/v1/clients/7", "/api/v1/nonsense/", "/api/v1/_openapi", "/login/", "/nonsense"],
)  # fmt: skip
def test_personal_answers_are_kept_by_nobody(sign_in, url):
    assert "no-store" in sign_in("alice").get(url).headers["Cache-Control"]


def test_what_has_a_version_is_asked_for_again(sign_in, make_client):
    browser, acme = sign_in("alice"), make_client("Acme", ["alice"])
    answer = browser.get(f"/api/v1/clients/{acme}")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["ETag"]


def test_files_are_kept(sign_in):
    browser = sign_in("alice")
    page = browser.get("/crm/clients/list/").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    with browser.get(address.replace("&amp;", "&")) as answer:
        kept = answer.headers["Cache-Control"]
    assert "public" in kept and "immutable" in kept
