"""What is known of companies in Peppol: filter, columns, export, API and settings."""

import csv
import io
from typing import Any

import pytest

from crm.integrations.peppol import settings
from crm.models import PeppolStatus
from crm.models.types import utc_now

LIST, API = "/crm/clients/list/", "/api/v1/clients/"
NIP = "9945:7740001454"


@pytest.fixture
def companies(make_client: Any, system: Any) -> dict[str, int]:
    """Name -> id of Alice's companies in every state, one of them sensitive, and of a person."""
    found = {
        name: make_client(name, ["alice"], kind="company", tax_id="7740001454", sensitive=name == "Secret")
        for name in ("Takes", "Refuses", "Absent", "Silent", "New", "Secret")
    }
    found["Person"] = make_client("Person", ["alice"], kind="person", last_name="P", tax_id="7740001454")
    known: dict[str, dict[str, Any]] = {
        "Takes": {"registered": True, "receives_invoices": True, "identifier": NIP},
        "Refuses": {"registered": True, "identifier": NIP},
        "Absent": {"registered": False},
        "Silent": {"error": "dns"},
        "Secret": {"registered": True, "identifier": NIP},
    }
    with system() as session:
        for name, values in known.items():
            at = utc_now() if "registered" in values else None
            session.add(
                PeppolStatus(
                    client_id=found[name], basis="|PL7740001454", checked_at=at, tried_at=utc_now(), **values
                )
            )
        session.commit()
    return found


def names(browser: Any, query: str) -> list[str]:
    return sorted(one["name"] for one in browser.get(f"{API}?{query}").json["result"])


def test_filter_columns_and_export(companies: dict[str, int], sign_in: Any, count_queries: Any) -> None:
    alice, office = sign_in("alice"), sign_in("office")
    page = alice.get(
        f"{LIST}?peppol=takes_invoices&peppol=unknown&columns=peppol,peppol.identifier,peppol.checked_at"
    )
    assert "Peppol: Registered, takes invoices" in page.text and "Peppol: Unknown" in page.text
    assert ">Takes<" in page.text and ">Silent<" in page.text and ">Absent<" not in page.text
    assert NIP in page.text and "Peppol: found as" in page.text
    assert "Registered, takes no invoices" not in page.text
    assert "The filter “peppol” cannot be “maybe”" in alice.get(f"{LIST}?peppol=maybe").text
    assert "filter-peppol" in alice.get("/crm/clients/filters/list?peppol=registered").text
    columns = "columns=peppol,peppol.identifier"
    rows = csv.reader(
        io.StringIO(office.get(f"/crm/clients/export?format=csv&{columns}").data.decode("utf-8-sig"))
    )
    assert {row[0]: row[1:] for row in rows} == {
        "Name": ["Peppol registration", "Peppol: found as"],
        "Takes": ["Registered, takes invoices", NIP],
        "Refuses": ["Registered, takes no invoices", NIP],
        "Absent": ["Not registered", ""],
        "Silent": ["Unknown", ""],
        "New": ["Not checked yet", ""],
        "Secret": ["Registered, takes no invoices", NIP],
        "Person": ["", ""],
    }
    # of a client whose numbers somebody does not see, nothing is told
    assert ">Secret<" not in alice.get(f"{LIST}?peppol=registered").text
    assert ">Secret<" in office.get(f"{LIST}?peppol=registered").text
    assert alice.get(f"{LIST}?columns=peppol&search=secret").text.count("Registered") == 0
    with count_queries() as statements:
        alice.get(f"{LIST}?columns=peppol,peppol.identifier")
    assert len([one for one in statements if "peppol_status" in one]) == 1


def test_the_api_tells_it(companies: dict[str, int], sign_in: Any) -> None:
    alice, office = sign_in("alice"), sign_in("office")
    told = {one["name"]: one["peppol"] for one in alice.get(API).json["result"]}
    checked_at = told["Takes"].pop("checked_at")
    assert checked_at.startswith("20")
    assert told["Takes"] == {"status": "registered", "identifier": NIP, "receives_invoices": True}
    assert told["Silent"] == {
        "status": "unknown",
        "identifier": None,
        "receives_invoices": None,
        "checked_at": None,
    }
    assert (told["Absent"]["status"], told["Absent"]["receives_invoices"]) == ("not_registered", False)
    assert told["New"]["status"] == "not_checked"
    assert told["Person"] is None and told["Secret"] is None
    assert office.get(f"{API}{companies['Secret']}").json["result"]["peppol"]["status"] == "registered"
    assert names(alice, "peppol=registered") == ["Refuses", "Takes"]
    assert names(office, "peppol=registered") == ["Refuses", "Secret", "Takes"]
    assert names(alice, "peppol=not_checked&peppol=not_registered") == ["Absent", "New"]
    assert alice.get(f"{API}?peppol=maybe").status_code == 400
    # what was answered can be sent back, and is passed over
    whole = alice.get(f"{API}{companies['New']}").json["result"]
    whole["peppol"] = {"status": "registered"}
    assert alice.put(f"{API}{companies['New']}", json=whole).status_code == 200
    assert alice.get(f"{API}{companies['New']}").json["result"]["peppol"]["status"] == "not_checked"
    # an answer about another number is none
    alice.put(f"{API}{companies['Takes']}", json={"tax_id": "5260250274"})
    assert alice.get(f"{API}{companies['Takes']}").json["result"]["peppol"]["status"] == "not_checked"


def test_settings(app: Any, companies: dict[str, int], sign_in: Any, system: Any) -> None:
    admin = sign_in("admin")
    page = admin.get("/settings/peppol/").text
    assert "participant.sml.prod.tech.peppol.org" in page and "checked" not in page.split("everybody")[1][:60]
    assert "Not the production network" not in page
    assert admin.post("/settings/peppol/", data={"everybody": "yes"}).status_code == 302
    assert "checked" in admin.get("/settings/peppol/").text.split("everybody")[1][:60]
    with system():
        assert settings.asks_everybody()
    admin.post("/settings/peppol/", data={})
    with system():
        assert not settings.asks_everybody()
    assert sign_in("alice").post("/settings/peppol/", data={"everybody": "yes"}).status_code in (302, 403)
    with system():
        assert not settings.asks_everybody()
