"""The client against the published schema, against zeep, and against a service that misbehaves."""

from pathlib import Path

import pytest
from lxml import etree
from zeep import Client
from zeep.wsa import WsAddressingPlugin

from crm.integrations.gus import client
from crm.integrations.gus.client import Gus
from tests.gus.standin import BIR, KEY, PUBLIC, StandIn, row

SPECS = Path(__file__).parent.parent / "specs" / "gus-bir11"
NIP = "7740001454"


def body_of(envelope: bytes) -> etree._Element:
    return etree.fromstring(envelope).find(f"{{{client.SOAP}}}Body")[0]


def test_bodies_follow_the_published_schema_and_are_what_zeep_sends(register: StandIn):
    gus = Gus(register.url, KEY)
    gus.find(NIP)
    register.sessions.clear()
    assert gus.find("1234563218") == []
    schemas = {
        PUBLIC: etree.XMLSchema(file=str(SPECS / "UslugaBIRzewnPubl_xsd2.xsd")),
        BIR: etree.XMLSchema(file=str(SPECS / "UslugaBIRzewnPubl_xsd0.xsd")),
    }
    sent = {}
    for envelope in register.bodies:
        body = body_of(envelope)
        assert schemas[etree.QName(body).namespace].validate(body), etree.tostring(body)
        sent[etree.QName(body).localname] = body
    assert set(sent) == {"Zaloguj", "DaneSzukajPodmioty", "GetValue"}

    service = Client(str(SPECS / "UslugaBIRzewnPubl11.wsdl"), plugins=[WsAddressingPlugin()])
    theirs = service.create_service(next(iter(service.wsdl.bindings)), register.url)
    values = {
        "Zaloguj": {"pKluczUzytkownika": KEY},
        "DaneSzukajPodmioty": {"pParametryWyszukiwania": {"Nip": "1234563218"}},
        "GetValue": {"pNazwaParametru": "KomunikatKod"},
    }
    for method, parameters in values.items():
        message = service.create_message(theirs, method, **parameters)
        expected = message.find("{*}Body")[0]
        assert etree.tostring(expected, method="c14n2") == canonical(sent[method], expected)
    sid = theirs.Zaloguj(pKluczUzytkownika=KEY)
    service.transport.session.headers["sid"] = sid
    found = theirs.DaneSzukajPodmioty(pParametryWyszukiwania={"Nip": NIP})
    assert client.read_rows(found) == [row()] == gus.find(NIP)


def canonical(body: etree._Element, like: etree._Element) -> bytes:
    """A body with the prefixes of another."""
    made = etree.Element(like.tag, nsmap=like.nsmap)

    def fill(target: etree._Element, source: etree._Element, model: etree._Element) -> None:
        target.text = source.text
        for child, other in zip(source, model, strict=True):
            fill(etree.SubElement(target, child.tag, nsmap=other.nsmap), child, other)

    assert body.tag == like.tag
    fill(made, body, like)
    return etree.tostring(made, method="c14n2")


def test_a_session_is_kept_and_opened_again_once(register: StandIn):
    calls = []
    gus = Gus(register.url, KEY, on_call=lambda *call: calls.append(call), turn=lambda: calls.append("turn"))
    assert gus.find(NIP) == [row()]
    assert gus.find(NIP) == [row()]
    assert register.calls == {"Zaloguj": 1, "DaneSzukajPodmioty": 2}
    assert [one[1:3] for one in calls if one != "turn"] == [
        ("/Zaloguj", 200), ("/DaneSzukajPodmioty", 200), ("/DaneSzukajPodmioty", 200),
    ]  # fmt: skip
    assert calls.count("turn") == 3
    assert all(KEY not in str(one) for one in calls)
    register.sessions.clear()
    assert gus.find(NIP) == [row()]
    assert register.calls["Zaloguj"] == 2
    register.fault = "empty"
    with pytest.raises(client.SessionExpired):
        gus.find(NIP)
    assert register.calls["Zaloguj"] == 3
    register.fault = ""
    assert gus.find(NIP) == [row()]


def test_several_rows_and_texts_as_they_stand(register: StandIn):
    farm = row(Regon="012345678", Nazwa="A & B <Gospodarstwo>", Typ="F", SilosID="2", Ulica="")
    register.rows.append(farm)
    found = Gus(register.url, KEY).find(NIP)
    assert found == [row(), farm]
    assert found[1]["Regon"] == "012345678"


@pytest.mark.parametrize(
    ("fault", "error"),
    [("html", client.Unavailable), ("drop", client.Unavailable), ("slow", client.Unavailable),
     ("fault", client.Unavailable)],
)  # fmt: skip
def test_a_service_that_misbehaves(register: StandIn, fault: str, error: type[Exception]):
    told = []
    gus = Gus(register.url, KEY, timeout=0.3, on_call=lambda *call: told.append(call))
    register.fault = fault
    with pytest.raises(error):
        gus.find(NIP)
    assert told[-1][4]
    register.fault = ""
    assert gus.find(NIP) == [row()]


def test_an_answer_in_small_pieces_takes_no_longer(register: StandIn):
    register.fault = "drip"
    for gus in (Gus(register.url, KEY, patience=0.5), Gus(register.url, KEY, "kept", patience=0.5)):
        with pytest.raises(client.Unavailable, match="too long"):
            gus.find(NIP)


def test_refusals_and_traps(register: StandIn):
    with pytest.raises(client.KeyRefused):
        Gus(register.url, "wrong").log_in()
    register.error_code = "5"
    with pytest.raises(client.Refused, match="code 5"):
        Gus(register.url, KEY).find(NIP)
    with pytest.raises(client.Unavailable, match="too long"):
        Gus(register.url, KEY, patience=0).log_in()
    for text in (
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><root><dane><Regon>&x;</Regon></dane></root>',
        "<root>",
    ):
        with pytest.raises(client.Unavailable):
            client.read_rows(text)
    for odd in ("two\nlines", "żółć", "x" * 200):
        register.new_session = odd
        gus = Gus(register.url, KEY, odd)
        assert not gus.sid
        with pytest.raises(client.Unavailable, match="no session"):
            gus.find(NIP)
        assert not gus.sid
    gone = register.url.replace("127.0.0.1", "127.0.0.9")
    with pytest.raises(client.Unavailable):
        Gus(gone, KEY).log_in()
