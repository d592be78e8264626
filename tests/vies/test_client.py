"""The client against the interface, against zeep, and against a service that misbehaves."""

from pathlib import Path

import pytest
from lxml import etree
from zeep import Client

from crm.integrations.vies import client
from crm.integrations.vies.client import Failed, Vies
from crm.models.vat_number import VatNumber, read_number
from tests.vies.conftest import QUICK
from tests.vies.standin import FAULTS, StandIn

WSDL = Path(__file__).parent.parent / "specs" / "vies" / "checkVatService.wsdl"
ACME, OURS = VatNumber("NL", "854502130B01"), VatNumber("PL", "7740001454")


def inside(envelope: bytes) -> etree._Element:
    return etree.fromstring(envelope).find(f"{{{client.SOAP}}}Body")[0]


def service(vies: StandIn, requester: VatNumber | None = None, **options) -> Vies:
    return Vies(vies.url, requester, allow_private=True, **(QUICK | options))


def test_questions_and_answers_follow_the_interface_and_are_what_zeep_sends(vies: StandIn):
    plain = service(vies).check(ACME)
    assert (plain.is_valid, plain.name, plain.reference) == (True, "ACME B.V.", "")
    assert plain.address == "KEIZERSGRACHT 00001 A\n1015CJ AMSTERDAM"
    proven = service(vies, OURS).check(ACME)
    assert (proven.is_valid, proven.name, proven.day) == (True, "ACME B.V.", "2026-11-22+01:00")
    assert proven.reference == "WAPIAAAA00000002" and not proven.is_requester_refused
    assert [call[0] for call in vies.calls] == ["checkVat", "checkVatApprox"]
    untold = service(vies).check(VatNumber("DE", "100"))
    assert (untold.is_valid, untold.name, untold.address) == (True, "", "")
    assert not service(vies).check(VatNumber("DE", "200")).is_valid

    types = etree.parse(WSDL).find(".//{http://www.w3.org/2001/XMLSchema}schema")
    schema = etree.XMLSchema(etree.fromstring(etree.tostring(types)))
    for envelope in (*vies.bodies, *vies.answers):
        schema.assertValid(inside(envelope))
    theirs = Client(str(WSDL))
    bound = theirs.create_service(next(iter(theirs.wsdl.bindings)), vies.url)
    asked = {"countryCode": "NL", "vatNumber": ACME.number}
    ours = {"requesterCountryCode": "PL", "requesterVatNumber": OURS.number}
    for method, values, body in (
        ("checkVat", asked, client.request_body(ACME)),
        ("checkVatApprox", asked | ours, client.request_body(ACME, OURS)),
    ):
        message = theirs.create_message(bound, method, **values).find("{*}Body")[0]
        assert [(one.tag, one.text) for one in message.iter()] == [
            (one.tag, one.text) for one in inside(body).iter()
        ]
        assert bound[method](**values)["valid"] is True


@pytest.mark.parametrize(("number", "word"), FAULTS.items())
def test_each_fault_is_of_a_kind_and_never_an_answer(vies: StandIn, number: str, word: str):
    calls: list[tuple] = []
    with pytest.raises(Failed, match=word) as failure:
        service(vies, on_call=lambda *call: calls.append(call)).check(VatNumber("DE", number))
    assert failure.value.kind == client.FAULTS[word]
    # a service that is too busy is asked twice more
    assert len(calls) == (3 if "MAX_CONCURRENT" in word else 1)
    assert all(call[:3] == ("POST", "/checkVat DE", 500) and call[4] == word for call in calls)


def test_a_busy_service_that_answers_after_a_moment(vies: StandIn):
    vies.faults["NL"] = ["MS_MAX_CONCURRENT_REQ", "GLOBAL_MAX_CONCURRENT_REQ"]
    assert service(vies).check(ACME).is_valid
    assert len(vies.calls) == 3


def test_without_our_own_number_where_it_is_refused(vies: StandIn):
    vies.refused.add(str(OURS))
    found = service(vies, OURS).check(ACME)
    assert (found.is_valid, found.reference, found.is_requester_refused) == (True, "", True)
    assert [call[0] for call in vies.calls] == ["checkVatApprox", "checkVat"]


@pytest.mark.parametrize("fault", ["drop", "slow", "html", "cut"])
def test_no_answer_is_a_failure(vies: StandIn, fault: str):
    vies.fault = fault
    with pytest.raises(Failed) as failure:
        service(vies, seconds=0.3).check(ACME)
    assert failure.value.kind == "down"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "down"),
        (b'<!DOCTYPE x [<!ENTITY e "e">]><x>&e;</x>', "down"),
        (b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>', "answer"),
    ],
)
def test_what_is_no_answer(body: bytes, kind: str):
    with pytest.raises(Failed) as failure:
        client.read_answer(body, "checkVat", ACME)
    assert failure.value.kind == kind


def test_an_answer_about_another_number_is_none(vies: StandIn):
    service(vies).check(ACME)
    with pytest.raises(Failed, match="another number"):
        client.read_answer(vies.answers[0], "checkVat", OURS)


def test_no_turn_is_a_failure_of_the_country(vies: StandIn):
    with pytest.raises(Failed) as failure:
        service(vies, turn=lambda country: False).check(ACME)
    assert failure.value.kind == "country" and vies.calls == []


@pytest.mark.parametrize(
    ("key", "number"),
    [
        ("NL854502130B01", "NL854502130B01"), ("GR123456789", "EL123456789"), ("GBXI123456789", "XI123456789"),
        ("PLXI123456789", "XI123456789"), ("GB123456789", None), ("US12-3", None), ("PL1", None), (None, None),
        ("DE1234567890123", None), ("DEA B", None),
    ],
)  # fmt: skip
def test_what_can_be_asked_for(key: str | None, number: str | None):
    found = read_number(key)
    assert (str(found) if found else None) == number
