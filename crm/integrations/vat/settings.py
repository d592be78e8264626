"""Which registers are asked in the background: none, until an admin says so."""

from collections.abc import Collection

from flask_babel import gettext as _

from crm.services.clients.vat import REGISTERS
from crm.services.kept_settings import get_setting, keep_setting
from crm.services.progress import CannotWork

KEY = "vat.background"


def asked_in_background() -> frozenset[str]:
    return frozenset(get_setting(KEY) or ())


def set_asked_in_background(services: Collection[str]) -> None:
    """From now on, ask these in the background and no others. The caller commits."""
    keep_setting(KEY, [name for name in REGISTERS if name in services])


def check_switched_on(service: str) -> None:
    """For a run that somebody asked for. Raises CannotWork where the register is not to be asked in the background."""
    if service not in asked_in_background():
        raise CannotWork(_("This is switched off in Settings, VAT registers."))
