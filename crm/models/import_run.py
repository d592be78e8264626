"""Imports of files: what was asked, how far it has come, what became of each row, and mappings that people keep."""

from datetime import datetime
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.models.base import Base
from crm.models.stored_file import StoredFile
from crm.models.types import Json, UtcDateTime, utc_now

#: States in which a person is at work, or nobody; `draft`: how to read the file is still to be said.
DRAFT, CHECKED, DONE, STOPPED, FAILED = "draft", "checked", "done", "stopped", "failed"
#: States in which the job is at work.
CHECKING, RUNNING, REVERTING = "checking", "running", "reverting"
WORKING = (CHECKING, RUNNING, REVERTING)

CREATED, UPDATED, UNCHANGED, SKIPPED, REFUSED = "created", "updated", "unchanged", "skipped", "refused"
VERDICTS = (CREATED, UPDATED, UNCHANGED, SKIPPED, REFUSED)
LONGEST_TITLE = 100


class ImportRun(Base):
    """One file imported, or about to be.

    plan: how rows become records, see `crm.services.importing.plan`. options: how the file is read. cursor: the rows
    that are done; their results are committed with them. operation: all that the import changed.
    """

    __tablename__ = "import_run"
    __table_args__ = (Index("ix_import_run_state", "state"),)
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    #: In whose name it works; nobody's is the system's.
    user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    by_system: Mapped[bool] = mapped_column(default=False)
    #: The language of what it says about rows.
    locale: Mapped[str] = mapped_column(String(10), default="en")
    #: Key of the record type.
    record: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(200))
    stored_file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"), index=True)
    options: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    plan: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    state: Mapped[str] = mapped_column(String(12), default=DRAFT)
    total: Mapped[int] = mapped_column(default=0)
    cursor: Mapped[int] = mapped_column(default=0)
    #: Verdict -> number of rows.
    counts: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    operation_id: Mapped[int | None] = mapped_column(ForeignKey("operation.id"), index=True)
    #: Who asked for it to be taken back.
    reverter_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(String(1000))

    user: Mapped[User | None] = relationship(User, foreign_keys=[user_id])
    stored_file: Mapped[StoredFile | None] = relationship(StoredFile)

    @property
    def is_working(self) -> bool:
        """Whether the job is, or soon will be, at it."""
        return self.state in WORKING

    @property
    def percent(self) -> int:
        return min(100, 100 * self.cursor // self.total) if self.total else 0


class ImportRow(Base):
    """What became of one row of a file, or would: of a run that was only a check.

    line: where it begins in the file. matched: by which key its record was found. details: why it was refused,
    by field; or the names of the fields that it changed.
    """

    __tablename__ = "import_row"
    __table_args__ = (Index("ix_import_row_import_id_verdict_id", "import_id", "verdict", "id"),)
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"))
    line: Mapped[int]
    verdict: Mapped[str] = mapped_column(String(10))
    title: Mapped[str] = mapped_column(String(LONGEST_TITLE), default="")
    record_id: Mapped[int | None]
    matched: Mapped[str | None] = mapped_column(String(20))
    details: Mapped[Any] = mapped_column(Json, nullable=True)


class ImportMapping(Base):
    """A mapping that somebody keeps by name; proposed for files with the same headings.

    headings: the digest of the headings. columns: heading -> field; plan: the rest of what was chosen.
    """

    __tablename__ = "import_mapping"
    __table_args__ = (
        UniqueConstraint("record", "name"),
        Index("ix_import_mapping_record_headings", "record", "headings"),
    )
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    record: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(100))
    headings: Mapped[str] = mapped_column(String(64))
    columns: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    plan: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
