"""What every type's API does alike: the filters of its page, versions, what changed since; and what else is told."""

from functools import partial
from typing import Any

from flask_appbuilder.security.sqla.models import User
from werkzeug.datastructures import MultiDict

from crm.models import Status, Tag
from crm.records import RECORDS
from crm.security.visibility import as_user
from crm.services.clients.filters import FILTERS
from crm.services.clients.listing import page_of as client_page_of
from crm.services.lists import listing
from crm.services.lists.filters import RecordFilter, filters_of
from tests.rows import MARK
from tests.test_every_record import make_row, two

__all__ = ["make_row", "two"]

#: Values of the filters of clients.
OF_CLIENTS = {
    "search": "First", "kind": "company", "status": "none", "stars": "0", "tags": "web", "tags_mode": "all",
    "country": "PL", "language": "pl", "role": "buyer", "assignee": "alice", "created_from": "2020-01-01",
    "created_to": "2020-01-01", "archived": "all", "alert": "yes", "consent": "unset",
}  # fmt: skip


def samples(record: Any, client: int) -> dict[str, list[str]]:
    """Filter -> one or two values of it."""
    if record.key == "client":
        return {name: [value] for name, value in OF_CLIENTS.items()}
    found = {"search": [MARK, "nonsense"]} if record.search else {}
    found |= {"client": [str(client), "999"]} if record.of_client else {}
    found |= {"kind": [kind.value for kind in record.kinds][:2]} if record.kinds else {}
    for name, one in filters_of(record).items():
        if isinstance(one, RecordFilter):
            found[name] = [str(value) for value, _words in one.options()][:2]
        else:
            found[name] = ["2026-03-02" if name.endswith(("_from", "_to")) else "1"]
    return found


def test_the_filters_of_the_pages(
    app: Any, api: Any, system: Any, people: Any, two: Any, make_row: Any
) -> None:
    with system() as session:
        session.add_all([Tag(name="web"), Status(name="Regular", code="regular")])
        session.commit()
    for record in RECORDS:
        make_row(record, *two)
    office, pages = api("office"), {}
    with system() as session, app.test_request_context(), as_user(session.get(User, people["office"])):
        for record in RECORDS:
            page_of = client_page_of if record.key == "client" else partial(listing.page_of, record)
            for name, values in samples(record, two[0]).items():
                sort = "name" if record.key == "client" else min(listing.sortable(record))
                query = {name: values, "sort": sort, "dir": "desc"}
                page = page_of(MultiDict(query))
                assert not page.message, (record.key, name, page.message)
                pages[record, name] = (query, [row.id for row in page.rows])
    described = office.get("/api/v1/_openapi").json["paths"]
    for (record, name), (query, ids) in pages.items():
        url = f"/api/v1/{record.url_name}/"
        answer = office.get(url, query_string=query)
        assert answer.status_code == 200 and answer.json["ids"] == ids, (url, query, answer.text)
        assert name in {one["name"] for one in described[url]["get"]["parameters"]}, (url, name)
    told = {one["name"] for one in described["/api/v1/clients/"]["get"]["parameters"]}
    assert FILTERS.keys() <= told
    # none is ignored, not the second value either, nor one behind a blank
    for query in ("kind=quote&kind=nonsense", "client=1&client=x", "columns=text", "status=&status=nonsense",
                  "dir=up", "sort=date&dir=DESC"):  # fmt: skip
        assert office.get(f"/api/v1/sales/?{query}").status_code == 400, query


def test_versions_and_what_changed(api: Any, two: Any, make_row: Any) -> None:
    admin = api("admin")
    for record in RECORDS:
        number = make_row(record, *two)
        url = f"/api/v1/{record.url_name}/"
        assert number in admin.get(f"{url}?updated_since=2020-01-01").json["ids"], url
        assert admin.get(f"{url}?updated_since=2090-01-01").json["ids"] == [], url
        url += str(number)
        tag = admin.get(url).headers["ETag"]
        for method in ("PATCH", "DELETE"):
            if ("delete" if method == "DELETE" else "edit") in record.actions:
                late = admin(method, url, {}, headers={"If-Match": '"999"'})
                assert late.status_code == 409, (method, url, late.text)
        if "edit" in record.actions:
            assert admin.put(url, {"version": 999}).status_code == 409, url
            # as a proxy that compresses makes it
            same = admin.put(url, {}, headers={"If-Match": f"W/{tag}"})
            assert (same.status_code, same.headers["ETag"]) == (200, tag), (url, same.text)
        if "delete" in record.actions and record.key not in (
            "client",
            "relationship_type",
            "vat_rate",
            "status",
        ):
            assert admin.delete(url, headers={"If-Match": f"W/{tag}"}).status_code in (200, 409), url


def test_archived_trashed_and_moved_clients(app: Any, api: Any, make_client: Any) -> None:
    acme, bolt, cube = (
        make_client(name, ["alice"], email="a@b.example") for name in ("Acme", "Bolt", "Cube")
    )
    admin, since = api("admin"), "updated_since=2020-01-01"

    def listed(query: str) -> list[int]:
        return sorted(admin.get(f"/api/v1/clients/?{query}").json["ids"])

    admin.put(f"/api/v1/clients/{bolt}", {"archived": True})
    assert listed(since) == [acme, cube] and listed(f"{since}&archived=all") == [acme, bolt, cube]
    assert listed(f"{since}&archived=all&after=0") == [acme, bolt, cube]
    admin.delete(f"/api/v1/clients/{bolt}")
    assert listed(f"{since}&archived=all") == [acme, cube]
    admin.post("/crm/clients/merge_clients.json", {"source_id": cube, "target_id": acme})
    for method, url in (("GET", f"clients/{cube}"), ("PUT", f"clients/{cube}"), ("GET", "clients")):
        moved = admin(method, f"/api/v1/{url}", {"stars": 1} if method == "PUT" else None)
        assert moved.status_code == 308 and moved.is_json and moved.json["code"] == 308, moved.text
        assert moved.headers["Location"].endswith(
            f"/api/v1/clients/{acme if cube else ''}" if "/" in url else "/"
        )
    refused = app.test_client().get("/api/v1/clients/")
    assert refused.status_code == 401 and refused.headers["WWW-Authenticate"] == "Bearer"


def test_a_list_read_while_others_write(api: Any, make_client: Any) -> None:
    """By `after` each row that stays comes once, whatever is added, changed and deleted meanwhile."""
    acme, alice = make_client("Acme", ["alice"]), api("alice")
    ids = [alice.post("/api/v1/notes/", {"text": f"{n}", "client": acme}).json["id"] for n in range(9)]
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = alice.get(f"/api/v1/notes/?client={acme}&after={after}&page_size=2").json
        seen += page["ids"]
        if after == 0:
            alice.post("/api/v1/notes/", {"text": "new", "client": acme})
            alice.delete(f"/api/v1/notes/{ids[1]}")
            alice.delete(f"/api/v1/notes/{ids[8]}")
            alice.put(f"/api/v1/notes/{ids[4]}", {"text": "changed", "pinned": True})
        after = page["next"]
    assert seen == sorted(set(seen)) and set(ids[:8]) <= set(seen) and len(seen) == 9
