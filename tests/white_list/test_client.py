"""The client against the published description, and against a service that misbehaves."""

import json
from datetime import date
from pathlib import Path

import pytest
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate

from crm.integrations.white_list.client import Entry, Failed, WhiteList, read_answer
from tests.white_list.standin import ACCOUNT, ORLEN, StandIn, subject

SPEC = json.loads((Path(__file__).parent.parent / "specs" / "white-list" / "openapi.json").read_text())
DAY = date(2026, 11, 22)
EXEMPT, GONE, NEVER, UNKNOWN, WRONG = "5260250274", "1234563218", "5252248481", "1132191233", "7740001455"


def service(register: StandIn, **options) -> WhiteList:
    return WhiteList(register.url, allow_private=True, **options)


def test_questions_and_answers_follow_the_description(register: StandIn):
    register.subjects |= {
        EXEMPT: subject(EXEMPT, statusVat="Zwolniony", accountNumbers=[], workingAddress=None,
                        residenceAddress="DŁUGA 1,\n 00-001 WARSZAWA", hasVirtualAccounts=True),
        GONE: subject(GONE, statusVat="Niezarejestrowany", removalDate="2026-03-31", removalBasis="Art. 96 ust. 9"),
        NEVER: subject(NEVER, statusVat="Niezarejestrowany", registrationLegalDate=None, accountNumbers=[]),
    }  # fmt: skip
    calls: list[tuple] = []
    answer = service(register, on_call=lambda *call: calls.append(call)).search(
        [ORLEN, EXEMPT, GONE, NEVER, UNKNOWN, WRONG], DAY
    )
    assert (answer.reference, answer.at) == ("d2n10-84df1a1", "22-11-2026 14:58:49")
    assert answer.entries[ORLEN] == Entry(
        "active", "ORLEN SPÓŁKA AKCYJNA", "CHEMIKÓW 7, 09-411 PŁOCK", "610188201", date(1993, 7, 5), None, (ACCOUNT,)
    )  # fmt: skip
    exempt = answer.entries[EXEMPT]
    assert (exempt.status, exempt.address, exempt.has_virtual_accounts) == (
        "exempt", "DŁUGA 1, 00-001 WARSZAWA", True,
    )  # fmt: skip
    assert (answer.entries[GONE].status, answer.entries[GONE].removed_on) == ("struck_off", date(2026, 3, 31))
    assert [answer.entries[one].status for one in (NEVER, UNKNOWN)] == ["not_registered", "not_listed"]
    assert answer.entries[WRONG].kind == "number"
    assert calls[0][:3] == ("GET", "/api/search/nips (6)", 200)

    validate(SPEC)
    schemas = SPEC["components"]["schemas"]
    for status, said in register.answers:
        name = "EntryListResponse" if status == 200 else "Exception"
        OAS30Validator({**SPEC, "$ref": f"#/components/schemas/{name}"}).validate(said)
    parameters = SPEC["paths"]["/api/search/nips/{nips}"]["get"]["parameters"]
    OAS30Validator(parameters[0]["schema"]).validate(",".join(register.calls[0][0]))
    assert register.calls[0][1] == "2026-11-22" and "Exception" in schemas


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("WL-100", 500, "down"), ("WL-101", 400, "down"), ("WL-103", 400, "down"), ("WL-113", 400, "number"),
        ("WL-118", 400, "down"), ("WL-130", 400, "down"), ("WL-190", 400, "down"), ("WL-191", 400, "limit"),
        ("WL-191", 429, "limit"), ("WL-195", 400, "updating"), ("WL-196", 400, "updating"),
    ],
)  # fmt: skip
def test_each_code_is_of_a_kind_and_never_an_answer(register: StandIn, code: str, status: int, kind: str):
    register.code, register.status = code, status
    calls: list[tuple] = []
    with pytest.raises(Failed, match=code) as failure:
        service(register, on_call=lambda *call: calls.append(call)).search([ORLEN], DAY)
    assert failure.value.kind == kind
    assert calls[0][:3] == ("GET", "/api/search/nips (1)", status) and code in calls[0][4]


@pytest.mark.parametrize("fault", ["drop", "slow", "cut"])
def test_no_answer_is_a_failure(register: StandIn, fault: str):
    register.fault = fault
    with pytest.raises(Failed) as failure:
        service(register, seconds=0.3).search([ORLEN], DAY)
    assert failure.value.kind == "down"


@pytest.mark.parametrize(
    "said",
    ["<html>", "[]", "[" * 100_000, '{"result": null}', '{"result": {"entries": [], "requestId": "x"}}'],
    ids=str.__len__,
)
def test_what_is_no_answer(said: str):
    with pytest.raises(Failed) as failure:
        read_answer(200, said.encode(), [ORLEN])
    assert failure.value.kind == "answer"
    with pytest.raises(Failed) as failure:
        read_answer(503, said.encode(), [ORLEN])
    assert failure.value.kind == "down"


@pytest.mark.parametrize("odd", [{"statusVat": "?"}, {"statusVat": "Czynny", "removalDate": "x"}, "x", None])
def test_an_odd_entry_spoils_no_other(odd: object):
    entries = [
        {"identifier": ORLEN, "subjects": [odd]},
        {"identifier": EXEMPT, "subjects": [subject(EXEMPT)]},
    ]
    answer = read_answer(
        200, json.dumps({"result": {"entries": entries, "requestId": "x"}}).encode(), [ORLEN, EXEMPT]
    )
    assert answer.entries[ORLEN].kind == "answer" and answer.entries[EXEMPT].status == "active"


def test_what_no_database_holds_is_left_out():
    entry = subject(name="OR\0LEN\ud800", workingAddress=" CHEMIKÓW\n7\0", accountNumbers=["1\0"])
    said = {"result": {"entries": [{"identifier": ORLEN, "subjects": [entry]}], "requestId": "\udfff1"}}
    answer = read_answer(200, json.dumps(said).encode(), [ORLEN])
    found = answer.entries[ORLEN]
    assert (answer.reference, found.name, found.address) == ("1", "ORLEN", "CHEMIKÓW 7")
    assert found.accounts == ("1",)
