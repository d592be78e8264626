"""The look-up in the form, and the lines on the card."""

from flask import Flask

from crm.extensions import db
from crm.models import Client
from crm.security.visibility import as_system
from tests.white_list.standin import ACCOUNT, ORLEN, OTHER_ACCOUNT, StandIn, subject

FORM = {
    "tax_id": "774-000-14-54",
    "name": "Orlen",
    "regon": "",
    "billing_city": "PŁOCK",
    "billing_postal_code": "",
}
LOOK_UP = "/crm/clients/look-up/white_list"
FRAGMENT = {"HX-Request": "true"}


def test_old_and_new_side_by_side(used: StandIn, sign_in):
    alice = sign_in("alice")
    page = alice.post(LOOK_UP, data=FORM).text
    assert "1 entry under 7740001454" in page and "Active VAT payer" in page
    assert 'data-take="name" data-value="ORLEN SPÓŁKA AKCYJNA"' in page
    assert (
        'data-take="billing_postal_code" data-value="09-411"' in page
        and 'data-take="billing_city"' not in page
    )
    used.subjects[ORLEN] = subject(statusVat="Niezarejestrowany", removalDate="2026-03-31")
    assert "Struck off" in alice.post(LOOK_UP, data=FORM).text

    def said(tax_id: str) -> str:
        answer = alice.post(LOOK_UP, data={**FORM, "tax_id": tax_id})
        assert answer.status_code == 422
        return answer.text

    calls = len(used.calls)
    assert "Type the NIP first" in said("")
    assert "Polish companies only" in said("DE123456789")
    assert "no NIP" in said("7740001455")
    assert len(used.calls) == calls
    assert "has no company with the NIP 1234563218" in said("1234563218")
    for used.code, words in (
        ("WL-100", "does not answer"),
        ("WL-195", "being updated"),
        ("WL-191", "used up"),
    ):
        assert words in said(ORLEN)
    used.code = ""
    assert "used up" in said(ORLEN), "until midnight"


def test_the_card(app: Flask, used: StandIn, make_client, sign_in):
    number = make_client(
        "Orlen", ["alice"], kind="company", tax_id=ORLEN, account_number="PL61 1090 1014 0000 0712 1981 2874"
    )
    address, refresh = f"/crm/clients/show/{number}", f"/crm/clients/vat/white_list/{number}"
    alice = sign_in("alice")
    page = alice.get(address).text
    assert 'id="vat-white_list"' in page and 'id="vat-vies"' in page

    def line() -> str:
        return alice.post(refresh, headers=FRAGMENT).text

    shown = line()
    for words in (
        "Active VAT payer",
        "1993",
        "61 1090 1014 0000 0712 1981 2874",
        "In the list",
        "d2n10-84df1a1",
    ):
        assert words in shown, words
    used.subjects[ORLEN] = subject(accountNumbers=[OTHER_ACCOUNT])
    assert "Not in the list" in line()
    used.subjects[ORLEN] = subject(accountNumbers=[OTHER_ACCOUNT], hasVirtualAccounts=True)
    shown = line()
    assert "leaves out" in shown and "virtual ones" in shown
    for values, words in (
        ({"statusVat": "Zwolniony"}, "Exempt from VAT"),
        ({"statusVat": "Niezarejestrowany", "registrationLegalDate": None}, "Not registered for VAT"),
        ({"statusVat": "Niezarejestrowany", "removalDate": "2026-03-31"}, "Struck off"),
    ):
        used.subjects[ORLEN] = subject(**values)
        shown = line()
        assert words in shown and "Its account number" not in shown
    assert 'datetime="2026-03-31"' in shown
    used.subjects.clear()
    assert "Not in the list" in line()
    used.fault = "drop"
    shown = line()
    assert "does not answer" in shown and "Not in the list" in shown and "last one there is" in shown
    used.fault, used.subjects[ORLEN] = "", subject(accountNumbers=[ACCOUNT])
    line()
    assert "d2n10" in alice.get(f"{refresh}/proofs").text
    wrong = make_client("Wrong", ["alice"], kind="company", tax_id="7740001455")
    shown = alice.post(f"/crm/clients/vat/white_list/{wrong}", headers=FRAGMENT).text
    assert "Unknown" in shown and "no NIP" in shown
    with app.app_context(), as_system():
        db.session.get_one(Client, number).sensitive = True
        db.session.commit()
    assert 'id="vat-white_list"' not in alice.get(address).text
    assert "In the list" in sign_in("office").get(address).text
