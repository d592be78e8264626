"""The Polish list of VAT payers over HTTP: companies, wrong numbers, the day's limit, a list that is being written.

`python -m tests.white_list.standin 8405` runs it alone.
"""

import json
import sys
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

from stdnum.pl import nip

from tests.http_standin import HttpStandIn

ORLEN = "7740001454"
ACCOUNT, OTHER_ACCOUNT = "61109010140000071219812874", "27114020040000300201355387"


def subject(number: str = ORLEN, **values: Any) -> dict[str, Any]:
    """A company of the list; what is not given is as at an active one in Płock."""
    return {
        "name": "ORLEN SPÓŁKA AKCYJNA", "nip": number, "statusVat": "Czynny", "regon": "610188201", "pesel": None,
        "krs": "0000028860", "residenceAddress": None, "workingAddress": "CHEMIKÓW 7, 09-411 PŁOCK",
        "representatives": [], "authorizedClerks": [], "partners": [], "registrationLegalDate": "1993-07-05",
        "registrationDenialBasis": None, "registrationDenialDate": None, "restorationBasis": None,
        "restorationDate": None, "removalBasis": None, "removalDate": None,
        "accountNumbers": [ACCOUNT], "hasVirtualAccounts": False, **values,
    }  # fmt: skip


class StandIn(HttpStandIn):
    """subjects: by NIP. code: answered to all questions, with this status. calls: the numbers and the day of each."""

    def __init__(self, port: int = 0):
        super().__init__(port)
        self.subjects = {ORLEN: subject()}
        self.code, self.status = "", 400
        self.calls: list[tuple[list[str], str]] = []
        self.answers: list[tuple[int, Any]] = []

    def answer(self, path: str, headers: Any, body: bytes) -> tuple[int, str, bytes]:
        parts = urlsplit(path)
        prefix, _, numbers = parts.path.rpartition("/")
        day = parse_qs(parts.query).get("date", [""])[0]
        self.calls.append((numbers.split(","), day))
        status, said = 200, {}
        if prefix != "/api/search/nips" or not day:
            status, said = 400, _error("WL-190")
        elif len(numbers.split(",")) > 30:
            status, said = 400, _error("WL-130")
        elif self.code:
            status, said = self.status, _error(self.code)
        else:
            entries = [self._entry(number) for number in numbers.split(",")]
            number = f"d2n10-84df1a{len(self.calls)}"
            said = {
                "result": {"entries": entries, "requestDateTime": "22-11-2026 14:58:49", "requestId": number}
            }
        self.answers.append((status, said))
        return status, "application/json", json.dumps(said).encode()

    def _entry(self, number: str) -> dict[str, Any]:
        if not nip.is_valid(number):
            return {"identifier": number, "error": _error("WL-115")}
        found = self.subjects.get(number)
        return {"identifier": number, "subjects": [found] if found else []}


def _error(code: str) -> dict[str, str]:
    return {"code": code, "message": f"Komunikat {code}."}


if __name__ == "__main__":
    with StandIn(int(sys.argv[1])).running() as server:
        print(server.url, flush=True)
        threading.Event().wait()
