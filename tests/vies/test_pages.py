"""The look-up in the form, the lines on the card, and the page with the switches."""

from flask import Flask

from crm.extensions import db
from crm.integrations.vat.settings import asked_in_background
from crm.models import Client, IntegrationCall
from crm.security.visibility import as_system
from crm.services.sales.company import our_company
from tests.vies.standin import StandIn

FORM = {
    "tax_id": "NL 8545.02.130.B01", "name": "Acme", "billing_street": "", "billing_city": "AMSTERDAM",
    "billing_postal_code": "", "billing_country": "",
}  # fmt: skip
LOOK_UP = "/crm/clients/look-up/vies"
FRAGMENT = {"HX-Request": "true"}


def test_old_and_new_side_by_side(used: StandIn, sign_in, make_client):
    alice = sign_in("alice")
    page = alice.post(LOOK_UP, data=FORM).text
    assert "1 entry under NL854502130B01" in page and "Valid VAT number" in page
    for name, value in (
        ("name", "ACME B.V."), ("billing_street", "KEIZERSGRACHT 00001 A"), ("billing_postal_code", "1015CJ"),
        ("billing_country", "NL"),
    ):  # fmt: skip
        assert f'data-take="{name}" data-value="{value}"' in page
    assert 'data-take="billing_city"' not in page and 'data-take="regon"' not in page
    untold = alice.post(LOOK_UP, data={**FORM, "tax_id": "DE100"}).text
    assert "tells no names" in untold and "data-take" not in untold and "<table" not in untold

    def said(tax_id: str, country: str = "") -> str:
        answer = alice.post(LOOK_UP, data={**FORM, "tax_id": tax_id, "billing_country": country})
        assert answer.status_code == 422
        return answer.text

    calls = len(used.calls)
    assert "Type the VAT number first" in said(" ")
    assert "in the EU only" in said("123456789", "US") and "in the EU only" in said("DE", "DE")
    assert len(used.calls) == calls
    assert "DE200 is no valid VAT number" in said("DE200")
    assert "country does not answer" in said("DE301") and "country does not answer" in said("DE600")
    assert "VIES does not answer" in said("DE300")
    assert "no more questions" in said("DE401")
    used.fault = "html"
    assert "VIES does not answer" in said("DE100")
    assert sign_in("vera").post(LOOK_UP, data=FORM).status_code in (302, 403)

    dutch = make_client("Acme", ["alice"], tax_id="NL854502130B01")
    link = f"/crm/clients/edit/{dutch}?look_up=vies#registers"
    assert link in alice.get(f"/crm/clients/show/{dutch}").text
    assert alice.get(link).text.count('hx-trigger="load, click"') == 1


def test_the_card(app: Flask, used: StandIn, make_client, sign_in):
    with app.app_context(), as_system():
        our_company().tax_id = "7740001454"
        db.session.commit()
    number = make_client("Acme", ["alice"], kind="company", tax_id="NL854502130B01")
    address, refresh = f"/crm/clients/show/{number}", f"/crm/clients/vat/vies/{number}"
    alice = sign_in("alice")
    page = alice.get(address).text
    assert 'id="vat-vies"' in page and "Not checked yet" in page and 'id="vat-white_list"' not in page
    assert alice.get(refresh).status_code == 405 and alice.post(refresh + "x").status_code == 404
    line = alice.post(refresh, headers=FRAGMENT).text
    for words in ("Registered", "ACME B.V.", "1015CJ AMSTERDAM", "Consultation number", "WAPIAAAA00000001"):
        assert words in line
    assert "<html" not in line
    assert alice.post(refresh).location == address
    proofs = alice.get(f"{refresh}/proofs").text
    assert proofs.index("WAPIAAAA00000002") < proofs.index("WAPIAAAA00000001")
    # what is not known is never "not registered", and leaves what was known
    used.faults["NL"] = "MS_UNAVAILABLE"
    line = alice.post(refresh, headers=FRAGMENT).text
    assert "Registered" in line and "last one there is" in line and "nothing is known of it" in line
    fresh = make_client("Beta", ["alice"], kind="company", tax_id="NL000000000B00")
    line = alice.post(f"/crm/clients/vat/vies/{fresh}", headers=FRAGMENT).text
    assert "Unknown" in line and "Not registered" not in line
    used.faults.clear()
    assert "Not registered" in alice.post(f"/crm/clients/vat/vies/{fresh}", headers=FRAGMENT).text
    used.refused.add("PL7740001454")
    assert "refuses the tax ID of our own company" in alice.post(refresh, headers=FRAGMENT).text

    for path in (refresh, f"{refresh}/proofs"):
        assert sign_in("charlie").open(path, method="GET" if "proofs" in path else "POST").status_code == 404
    assert refresh + '"' not in sign_in("vera").get(address).text
    person = make_client("Jan", ["alice"], kind="person", tax_id="NL854502130B01")
    assert 'id="vat-vies"' not in alice.get(f"/crm/clients/show/{person}").text
    assert alice.post(f"/crm/clients/vat/vies/{person}").status_code == 404
    assert alice.post(f"/crm/clients/vat/white_list/{number}").status_code == 404
    with app.app_context(), as_system():
        db.session.get_one(Client, number).sensitive = True
        db.session.commit()
    assert 'id="vat-vies"' not in alice.get(address).text
    assert alice.post(refresh).status_code == alice.get(f"{refresh}/proofs").status_code == 404
    assert 'id="vat-vies"' in sign_in("office").get(address).text


def test_the_switches(app: Flask, sign_in):
    admin = sign_in("admin")
    page = admin.get("/settings/vat/").text
    assert "checked>" not in page and "0 of 100" in page and "Last calls" not in page
    assert admin.post("/settings/vat/", data={"background": ["vies", "bogus"]}).status_code == 302
    with app.app_context(), as_system():
        assert asked_in_background() == {"vies"}
        for service in ("vies", "white_list"):
            db.session.add(
                IntegrationCall(service=service, method="GET", path=f"/{service}", status=200, milliseconds=7)
            )
        db.session.commit()
    page = admin.get("/settings/vat/").text
    assert 'value="vies" checked>' in page and 'value="white_list">' in page
    assert "GET /white_list" in page and "GET /vies" in page and "1 of 100" in page
    assert "/settings/vat/" in admin.get("/settings/").text
    assert sign_in("alice").get("/settings/vat/").status_code in (302, 403)
