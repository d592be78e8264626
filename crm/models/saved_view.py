"""How people like to see a list: views that they saved, and what each of them looked at last."""

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column, validates

from crm.errors import RuleError
from crm.models.base import Base, Record
from crm.models.folding import fold
from crm.models.types import SortKey

LAYOUTS = ("list", "kanban")
#: Of an address nothing longer is kept.
LONGEST_QUERY = 4_000


class SavedView(Record):
    """A list as somebody wants to see it again: filters, columns, sort and page size, as rows or as a board.

    It says only what to ask: whoever opens a shared one sees what they may see of it.
    """

    __tablename__ = "saved_view"
    __table_args__ = (
        Index("ix_saved_view_record_created_by_id", "record", "created_by_id"),
        Index("ix_saved_view_record_shared", "record", "shared"),
    )

    #: The key of the record type whose list it is.
    record: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(60))
    name_key: Mapped[str] = mapped_column(SortKey)
    layout: Mapped[str] = mapped_column(String(10), default="list")
    #: As in the list's address, without the page: `status=vip&sort=stars&dir=desc`.
    query: Mapped[str] = mapped_column(Text, default="")
    shared: Mapped[bool] = mapped_column(default=False)

    @validates("name")
    def _set_name_key(self, _key: str, name: str) -> str:
        self.name_key = fold(name or "")[:200]
        return name

    def before_save(self, session: Session) -> None:
        self.name = " ".join((self.name or "").split())
        if not self.name_key or not self.name.isprintable():
            raise RuleError(_("A view needs a name."), field="name")
        if len(self.name) > 60:
            raise RuleError(_("At most %(n)d characters.", n=60), field="name")
        if self.layout not in LAYOUTS:
            raise RuleError(_("There is no such choice."), field="layout")
        if len(self.query) > LONGEST_QUERY:
            raise RuleError(_("These filters are too long to be saved."), field="name")

    def __str__(self) -> str:
        return self.name


class ListMemory(Base):
    """What one user looked at last in one list, and the view it opens with."""

    __tablename__ = "list_memory"
    __table_args__ = (UniqueConstraint("user_id", "record"),)
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"))
    record: Mapped[str] = mapped_column(String(40))
    query: Mapped[str] = mapped_column(Text, default="")
    #: The view from which the last look began.
    view_id: Mapped[int | None] = mapped_column(ForeignKey("saved_view.id", ondelete="SET NULL"))
    default_id: Mapped[int | None] = mapped_column(ForeignKey("saved_view.id", ondelete="SET NULL"))
