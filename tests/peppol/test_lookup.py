"""Candidates, DNS names, and look-ups over real sockets: registered, not registered, and not known."""

from collections.abc import Iterator

import dns.rcode
import pytest

from crm.integrations.peppol.identifiers import RULES, active_schemes, candidates, dns_name, read_explicit
from crm.integrations.peppol.lookup import Failed, Peppol, is_invoice
from tests.peppol.network import BIS, ORDER, ZONE, Network, service_group

NIP = "9945:7740001454"


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as running:
        yield running


def peppol(network: Network, **options: object) -> Peppol:
    return Peppol(ZONE, network.dns, **{"allow_private": True, "seconds": 3, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("identifier", "digest"),
    [("0010:5798000000001", "XUKHFQABQZIKI3YKVR2FHR4SNFA3PF5VPQ6K4TONV3LMVSY5ARVQ"),
     ("0192:923609016", "XQK4T3FMTEZDUY5BOVJMTNAQ45N7E4TIBYHWFPGOT75BSP7UYG2A"),
     (NIP, "W2UFWMURZFWGU5V2BAJAUYIRYBLB2IHUHDGMMJSL2IOUVBZYW6NQ")],
)  # fmt: skip
def test_names_in_the_dns(identifier: str, digest: str) -> None:
    assert dns_name(identifier, "zone.example") == f"{digest}.iso6523-actorid-upis.zone.example."


@pytest.mark.parametrize(
    ("tax_id_key", "expected"),
    [("PL7740001454", [NIP, "9945:PL7740001454"]), ("BE0899965307",
      ["0208:0899965307", "9925:BE0899965307", "9925:0899965307"]),
     ("NL12345678", ["0106:12345678"]), ("NL123456789B01", ["9944:NL123456789B01", "9944:123456789B01"]),
     ("SE556036079301", ["0007:5560360793"]), ("NO923609016MVA", ["0192:923609016"]), ("HU12345678241",
      ["9910:HU12345678", "9910:12345678"]),
     ("CHE123456789MWST", ["0183:CHE123456789", "9927:CHE123456789MWST"]), ("GR123456789",
      ["9933:EL123456789", "9933:123456789"]),
     ("ESB12345678", ["9920:ESB12345678", "9920:B12345678"]), ("AU51824753556", ["0151:51824753556"]), ("XX123", [])],
)  # fmt: skip
def test_candidates_of_a_country(tax_id_key: str, expected: list[str]) -> None:
    assert candidates(None, tax_id_key) == expected


def test_rules_name_schemes_that_are_alive_and_an_explicit_identifier_goes_first() -> None:
    assert {scheme for rules in RULES.values() for scheme, *_rest in rules} <= set(active_schemes())
    assert read_explicit(f" iso6523-actorid-upis::{NIP} ") == NIP
    assert read_explicit("PL7740001454") is None
    assert candidates("9945:pl7740001454", "PL7740001454") == ["9945:pl7740001454", NIP]
    assert candidates("nonsense", None) == []


def test_what_counts_as_an_invoice() -> None:
    assert is_invoice(BIS)
    assert is_invoice("peppol-doctype-wildcard::urn:…:Invoice-2::Invoice##urn:peppol:pint:billing-1*::2.1")
    assert is_invoice(
        "busdox-docid-qns::…Invoice-2::Invoice##urn:…#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0::2.1"
    )
    assert not is_invoice(ORDER)


def test_registered_or_not(network: Network) -> None:
    calls: list[tuple[object, ...]] = []
    look = peppol(network, on_call=lambda *call: calls.append(call))
    wanted = [NIP, "9945:PL7740001454"]
    assert look.find(wanted) is None
    network.register("9945:PL7740001454", ORDER, BIS)
    found = look.find(wanted)
    assert found and (found.identifier, found.host, found.receives_invoices) == (
        "9945:PL7740001454", "127.0.0.1", True
    )  # fmt: skip
    assert found.documents == [ORDER, BIS]
    network.register(NIP, ORDER)
    found = look.find(wanted)
    assert found and found.identifier == NIP and not found.receives_invoices
    # in the DNS, but the SMP knows nothing; and a name without an SMP
    network.answers.clear()
    assert look.find(wanted) is None
    network.point(NIP, '100 10 "U" "other" "!.*!https://x.example!" .')
    network.point("9945:PL7740001454")
    assert look.find(wanted) is None
    assert {call[0] for call in calls} == {"NAPTR", "GET"}


@pytest.mark.parametrize("body", [
    b"<html>Welcome</html>", b"nonsense", b"", service_group("9945:1111111111", BIS),
    b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]>" + service_group(NIP, BIS).split(b"?>")[1],
    b"<ServiceGroup xmlns='http://busdox.org/serviceMetadata/publishing/1.0/'>" + b" " * 1_100_000 + b"</ServiceGroup>",
])  # fmt: skip
def test_answers_that_are_no_service_group(network: Network, body: bytes) -> None:
    network.register(NIP)
    network.answers[NIP] = (200, body)
    with pytest.raises(Failed) as failure:
        peppol(network).find([NIP])
    assert failure.value.kind in ("answer", "smp")


def test_a_closed_network_knows_nothing_of_a_company(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver = peppol(network)._resolver()
    monkeypatch.setattr(Peppol, "_resolver", lambda _self: resolver)
    with pytest.raises(Failed) as failure:
        Peppol(ZONE).find([NIP])
    assert failure.value.kind == "dns"
    network.records[f"{ZONE}."] = []
    assert Peppol(ZONE).find([NIP]) is None


def test_what_is_not_known(network: Network) -> None:
    network.register(NIP, BIS)
    with pytest.raises(Failed) as failure:  # http and a private address
        peppol(network, allow_private=False).find([NIP])
    assert failure.value.kind == "refused"
    assert network.asked_smp == []
    network.point(NIP, '100 10 "U" "meta:smp" "!.*!https://127.0.0.1:1!" .')
    with pytest.raises(Failed) as failure:
        peppol(network, allow_private=False).find([NIP])
    assert failure.value.kind == "refused"
    network.point(
        NIP,
        '200 10 "U" "Meta:SMP" "!.*!https://127.0.0.1:1!" .',
        f'100 10 "u" "meta:smp" "#.*#{network.smp}#" .',
    )
    for status in (302, 500, 403):
        network.answers[NIP] = (status, b"")
        with pytest.raises(Failed) as failure:
            peppol(network).find([NIP])
        assert failure.value.kind == "smp"
    assert set(network.asked_smp) == {NIP}
    network.point(NIP, '100 10 "U" "Meta:SMP" "!.*!" .')
    with pytest.raises(Failed, match="without an address"):
        peppol(network).find([NIP])
    network.rcode = dns.rcode.SERVFAIL
    with pytest.raises(Failed) as failure:
        peppol(network).find([NIP, "9945:PL7740001454"])
    assert failure.value.kind == "dns"
