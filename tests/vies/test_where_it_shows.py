"""What registers of VAT said: filters, columns, export, API and the counts of the settings."""

import csv
import io
from datetime import date
from typing import Any

import pytest

from crm.integrations.vat.status import Asked, keep_answer, keep_failure

LIST, API = "/crm/clients/list/", "/api/v1/clients/"
NIP = "7740001454"


@pytest.fixture
def companies(make_client: Any, system: Any) -> dict[str, int]:
    """Name -> id of Alice's companies in some states, one of them sensitive, of one abroad and of a person."""
    found = {
        name: make_client(name, ["alice"], kind="company", tax_id=NIP, sensitive=name == "Secret")
        for name in ("Active", "Gone", "Silent", "New", "Secret")
    }
    found["Far"] = make_client("Far", ["alice"], kind="company", tax_id="US123")
    found["Person"] = make_client("Person", ["alice"], kind="person", last_name="P", tax_id=NIP)
    with system():
        for name in ("Active", "Secret"):
            asked = Asked(found[name], f"PL{NIP}")
            keep_answer("vies", asked, "PL1", {"answer": "registered", "name": "ORLEN", "reference": "W1"})
            keep_answer(
                "white_list", asked, "PL1",
                {"answer": "active", "accounts": "1 2", "virtual": True, "registered_on": date(1993, 7, 5)},
            )  # fmt: skip
        gone = {"answer": "struck_off", "removed_on": date(2026, 3, 31)}
        keep_answer("white_list", Asked(found["Gone"], f"PL{NIP}"), "PL1", gone)
        keep_failure("vies", Asked(found["Silent"], f"PL{NIP}"), "country")
    return found


@pytest.mark.both_engines
def test_filters_and_the_api(companies: dict[str, int], sign_in: Any) -> None:
    alice, office = sign_in("alice"), sign_in("office")

    def names(browser: Any, query: str) -> list[str]:
        return sorted(one["name"] for one in browser.get(f"{API}?{query}").json["result"])

    assert names(alice, "vies=registered") == ["Active"]
    assert names(office, "vies=registered") == ["Active", "Secret"]
    assert names(alice, "vies=unknown") == ["Silent"]
    assert names(alice, "vies=unknown&vies=not_checked") == ["Gone", "New", "Silent"]
    assert names(alice, "white_list=struck_off&white_list=active") == ["Active", "Gone"]
    assert names(alice, "white_list=not_checked") == ["New", "Silent"]
    assert alice.get(f"{API}?white_list=maybe").status_code == 400

    told = {one["name"]: one for one in alice.get(API).json["result"]}
    assert told["Active"]["vies"].pop("checked_at").startswith("20")
    assert told["Active"]["vies"] == {
        "status": "registered", "name": "ORLEN", "address": None, "reference": "W1",
    }  # fmt: skip
    assert told["Active"]["white_list"].pop("checked_at").startswith("20")
    assert told["Active"]["white_list"] == {
        "status": "active", "name": None, "address": None, "reference": None, "registered_on": "1993-07-05",
        "struck_off_on": None, "accounts": ["1", "2"], "has_virtual_accounts": True,
    }  # fmt: skip
    assert told["Gone"]["white_list"]["struck_off_on"] == "2026-03-31"
    assert (told["Silent"]["vies"]["status"], told["New"]["vies"]["status"]) == ("unknown", "not_checked")
    for name in ("Far", "Person", "Secret"):
        assert told[name]["vies"] is told[name]["white_list"] is None
    # what was answered can be sent back, and is passed over
    address = f"{API}{companies['New']}"
    whole = alice.get(address).json["result"] | {"vies": {"status": "registered"}}
    assert alice.put(address, json=whole).status_code == 200
    assert alice.get(address).json["result"]["vies"]["status"] == "not_checked"
    # an answer about another number is none
    alice.put(f"{API}{companies['Active']}", json={"tax_id": "5260250274"})
    assert alice.get(f"{API}{companies['Active']}").json["result"]["vies"]["status"] == "not_checked"
    assert names(alice, "vies=registered") == []


def test_columns_export_and_counts(companies: dict[str, int], sign_in: Any, count_queries: Any) -> None:
    alice, office, admin = sign_in("alice"), sign_in("office"), sign_in("admin")
    page = alice.get(f"{LIST}?vies=registered&white_list=active&columns=vies,vies.reference,white_list").text
    assert "VAT number in VIES: Registered" in page and "VAT white list: Active VAT payer" in page
    assert ">Active<" in page and ">Secret<" not in page and ">W1<" in page
    assert "filter-vies" in alice.get("/crm/clients/filters/list?vies=registered").text
    columns = "columns=vies,vies.reference,white_list"
    answer = office.get(f"/crm/clients/export?format=csv&{columns}")
    rows = {row[0]: row[1:] for row in csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))}
    assert rows == {
        "Name": ["VAT number in VIES", "VIES: consultation number", "VAT white list"],
        "Active": ["Registered", "W1", "Active VAT payer"],
        "Secret": ["Registered", "W1", "Active VAT payer"],
        "Gone": ["Not checked yet", "", "Struck off"],
        "Silent": ["Unknown", "", "Not checked yet"],
        "New": ["Not checked yet", "", "Not checked yet"],
        "Far": ["", "", ""],
        "Person": ["", "", ""],
    }
    with count_queries() as statements:
        alice.get(f"{LIST}?columns=vies,vies.checked_at,white_list")
    assert len([one for one in statements if "vat_status" in one]) == 1
    settings = admin.get("/settings/vat/").text
    for state, number in (("registered", 2), ("unknown", 1), ("not_checked", 2)):
        assert f"vies={state}" in settings
        assert f">{number}<" in settings.split(f"vies={state}")[1][:200]
