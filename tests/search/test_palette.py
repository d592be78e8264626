"""The command palette: pages, actions, records and clients of late, and of each only what the role may."""

import html
import re
from typing import Any

from crm.models import Client

MARK = "zyzzyva"


def offered(browser: Any, query: str = "") -> dict[str, str]:
    """Title -> address of all that the palette offers."""
    page = browser.get("/crm/palette", query_string={"q": query}).text
    found = re.findall(
        r'<a role="option"[^>]*href="([^"]*)">.*?<span class="crm-hit-title">(.*?)</span>', page, re.S
    )
    return {html.unescape(title): html.unescape(url) for url, title in found}


def test_each_role_is_offered_what_opens_for_it(sign_in: Any) -> None:
    mine = {}
    for who in ("admin", "alice", "vera"):
        browser = sign_in(who)
        mine[who] = offered(browser)
        for title, url in mine[who].items():
            assert browser.get(url, follow_redirects=True).status_code == 200, (who, title, url)
    assert {
        "New client",
        "New quote",
        "New status",
        "Merge clients",
        "My day",
        "Duplicates",
        "Import",
        "Trash",
        "Modules",
        "Invoices",
        "Our company",
    } <= set(mine["admin"])
    assert {"New client", "New repair", "Merge clients", "Timer", "Deals"} <= set(mine["alice"])
    assert not {"New status", "Our company", "Background work", "New tag"} & set(mine["alice"])
    saved = sign_in("alice").post("/crm/tags/add", data={"name": "Spring"}, follow_redirects=True)
    assert saved.status_code == 200, "a page that she may see follows"
    assert not [title for title in mine["vera"] if title.startswith("New ")] and "Clients" in mine["vera"]
    office = sign_in("office")
    assert {"Relationship types", "New relationship type"} <= set(offered(office, "rel ty"))
    assert "New invoice" in offered(office, "inv new") and "Statuses" in offered(office, "set stat")
    office.post("/settings/modules", data={"on": ["tasks"]})
    assert not {"Invoices", "New invoice"} & set(offered(office))


def test_clients_and_records(make_client: Any, sign_in: Any, system: Any) -> None:
    own = make_client("Żółty Domek", assignees=["alice"])
    other = make_client(f"{MARK} Ltd", assignees=["charlie"])
    alice, bob = sign_in("alice"), sign_in("bob")
    assert offered(alice, "zolty")["Żółty Domek"] == f"/crm/clients/show/{own}"
    assert (
        MARK not in str(offered(alice, "zyzz")).replace(f"“{MARK}”", "") and len(offered(alice, "zyzz")) == 1
    )
    assert "Żółty Domek" not in offered(alice)
    # what one works on comes first the next time, as long as one sees it
    alice.post(f"/crm/clients/{own}/change_bulk_option.json", json={"type": "stars", "value": 3})
    assert next(iter(offered(alice))) == "Żółty Domek" and "Żółty Domek" not in offered(bob)
    office = sign_in("office")
    office.post(f"/crm/clients/{other}/change_bulk_option.json", json={"type": "stars", "value": 1})
    assert f"{MARK} Ltd" in offered(office)
    with system() as session:
        session.get(Client, own).assignees = []
        session.commit()
    assert "Żółty Domek" not in offered(alice)
    assert sign_in("bob").get("/crm/palette?q=%00").status_code < 500
