import re
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.errors import RuleError
from crm.models.base import Record
from crm.models.folding import fold

CODE = re.compile(r"[a-z0-9][a-z0-9_-]*")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
#: In filters it stands for clients without a status.
NO_CODE = "none"
MOST_ALERT_DAYS = 3650


class Status(Record):
    """A stage of the relation to a client: a column of the board."""

    __tablename__ = "status"

    name: Mapped[str] = mapped_column(String(60), unique=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    background: Mapped[str] = mapped_column(String(7), default="#e2e8f0")
    colour: Mapped[str] = mapped_column(String(7), default="#1e293b")
    position: Mapped[int] = mapped_column(index=True)
    selectable: Mapped[bool] = mapped_column(default=True)
    closed: Mapped[bool] = mapped_column(default=False)
    is_default: Mapped[bool] = mapped_column(default=False)
    hidden_in_kanban: Mapped[bool] = mapped_column(default=False)
    alert_days: Mapped[int | None]

    def before_save(self, session: Session) -> None:
        """Make the code of a status without one, keep the default the only one, and check the rest."""
        self.name = (self.name or "").strip()
        if not self.name:
            raise RuleError(_("Please fill this in."), field="name")
        if fold(self.name) in {fold(name) for name in _others(session, self, Status.name)}:
            raise RuleError(_("There is a status with this name."), field="name")
        self.code = (self.code or "").strip() or _free_code(session, self)
        if not CODE.fullmatch(self.code) or self.code == NO_CODE:
            raise RuleError(_("Small letters, digits, “-” and “_”, but not “none”."), field="code")
        if self.code in _others(session, self, Status.code):
            raise RuleError(_("There is a status with this code."), field="code")
        for name in ("background", "colour"):
            if getattr(self, name) is not None and not COLOUR.fullmatch(getattr(self, name)):
                raise RuleError(_("A colour is written as #1e293b."), field=name)
        if self.alert_days is not None and not 1 <= self.alert_days <= MOST_ALERT_DAYS:
            raise RuleError(_("Between 1 and %(n)d days.", n=MOST_ALERT_DAYS), field="alert_days")
        if self.is_default and self.selectable is False:
            raise RuleError(_("The default status must be selectable."), field="is_default")
        if self.position is None:
            self.position = session.scalar(select(func.coalesce(func.max(Status.position) + 1, 0)))
        if self.is_default:
            for other in session.scalars(
                select(Status).where(Status.is_default, Status.id != (self.id or 0))
            ):
                other.is_default = False

    def __str__(self) -> str:
        return self.name


def _others(session: Session, status: Status, column: Any) -> set[str]:
    return set(session.scalars(select(column).where(Status.id != (status.id or 0))))


def _free_code(session: Session, status: Status) -> str:
    """A code made from the name that no other status has."""
    code = re.sub(r"[^a-z0-9]+", "-", fold(status.name)).strip("-")[:50] or "status"
    taken = _others(session, status, Status.code) | {NO_CODE}
    return next(
        one for n in range(1, len(taken) + 2) if (one := code if n == 1 else f"{code}-{n}") not in taken
    )


#: What a first start creates, in the language set.
DEFAULT_STATUSES: tuple[dict[str, Any], ...] = (
    {"name": _l("New"), "code": "new", "background": "#dbeafe", "colour": "#1e3a8a", "is_default": True},
    {"name": _l("Active"), "code": "active", "background": "#dcfce7", "colour": "#14532d"},
    {"name": _l("VIP"), "code": "vip", "background": "#fef3c7", "colour": "#78350f"},
    {
        "name": _l("Inactive"),
        "code": "inactive",
        "background": "#e5e7eb",
        "colour": "#374151",
        "closed": True,
    },
)
