"""The signature of a delivery, as Standard Webhooks has it (standardwebhooks.com): for its verifiers are in every
language."""

import base64
import hashlib
import hmac
import secrets
import time

PREFIX = "whsec_"


def new_secret() -> str:
    """A secret that nobody can guess, in the form in which the verifiers take it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed_headers(secret: str, delivery_id: str, body: bytes, moment: int | None = None) -> dict[str, str]:
    """The headers that prove who sent this body, and when. moment: in seconds, the present one if not given."""
    timestamp = int(time.time()) if moment is None else moment
    key = base64.b64decode(secret.removeprefix(PREFIX))
    content = f"{delivery_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": delivery_id, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{signature}",
    }  # fmt: skip
