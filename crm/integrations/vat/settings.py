"""Which registers are asked in the background: none, until an admin says so."""

from collections.abc import Collection

from crm.services.clients.vat import REGISTERS
from crm.services.kept_settings import get_setting, keep_setting

KEY = "vat.background"


def asked_in_background() -> frozenset[str]:
    return frozenset(get_setting(KEY) or ())


def set_asked_in_background(services: Collection[str]) -> None:
    """From now on, ask these in the background and no others. The caller commits."""
    keep_setting(KEY, [name for name in REGISTERS if name in services])
