"""Which registers are asked in the background: none, until an admin says so."""

from collections.abc import Collection

from sqlalchemy import select

from crm.extensions import db
from crm.models import Setting

KEY = "vat.background"
#: The registers, by the names under which their answers and calls are kept.
VIES, WHITE_LIST = "vies", "white_list"
SERVICES = (VIES, WHITE_LIST)


def asked_in_background() -> frozenset[str]:
    return frozenset(db.session.scalar(select(Setting.value).where(Setting.key == KEY)) or ())


def set_asked_in_background(services: Collection[str]) -> None:
    """From now on, ask these in the background and no others. The caller commits."""
    row = db.session.scalar(select(Setting).where(Setting.key == KEY)) or Setting(key=KEY)
    row.value = [one for one in SERVICES if one in services]
    db.session.add(row)
