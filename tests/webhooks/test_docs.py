"""The receiver's check in docs/webhooks.md, as it stands there."""

import re
from pathlib import Path
from typing import Any

from crm.integrations.webhooks.signing import new_secret, signed_headers

DOCS = Path(__file__).parent.parent.parent / "docs/webhooks.md"


def test_the_check_by_hand() -> None:
    code = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)[0]
    known: dict[str, Any] = {}
    exec(code, known)
    is_from_the_crm, secret, body = known["is_from_the_crm"], new_secret(), '{"name": "Żółć"}'.encode()
    headers = signed_headers(secret, "msg_1", body)
    assert is_from_the_crm(secret, headers, body)
    assert not is_from_the_crm(new_secret(), headers, body)
    assert not is_from_the_crm(secret, headers, body + b" ")
    assert not is_from_the_crm(secret, signed_headers(secret, "msg_1", body, moment=1_700_000_000), body)
