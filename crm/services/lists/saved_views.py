"""Saved views of a list: whose they are, which one it opens with, and what its user looked at last."""

from dataclasses import dataclass
from functools import cached_property

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import IntegrityError

from crm.errors import RuleError, UnknownFilter
from crm.extensions import db
from crm.models import ListMemory, SavedView
from crm.registry import RecordType
from crm.security.manager import may
from crm.security.viewer import actor_id
from crm.services.attributes.filters import secret_names
from crm.services.lists.listing import counted
from crm.services.lists.state import parameters, state_of, statement_of

#: So many views of one list are shown.
MOST = 200


def _seen() -> ColumnElement[bool]:
    return or_(SavedView.shared, SavedView.created_by_id == actor_id())


@dataclass(frozen=True)
class ListViews:
    """The views of one list that a user has, with what is remembered for them."""

    views: list[SavedView]
    memory: ListMemory | None

    def _named(self, number: int | None) -> SavedView | None:
        return next((view for view in self.views if view.id == number), None)

    @cached_property
    def default(self) -> SavedView | None:
        """The one that the list opens with."""
        return self._named(self.memory.default_id) if self.memory else None

    @cached_property
    def last(self) -> SavedView | None:
        """The one from which the last look began."""
        return self._named(self.memory.view_id) if self.memory else None

    def showing(self, state: str, layout: str = "") -> SavedView | None:
        """The view that a list in this state shows; of several alike that with this layout."""
        alike = [view for view in self.views if view.query == state]
        return next((view for view in alike if view.layout == layout), next(iter(alike), None))

    @property
    def opening(self) -> str:
        """The state in which the list opens: the default view, or what was looked at last."""
        if self.default:
            return self.default.query
        return self.memory.query if self.memory else ""


def views_of(record: RecordType) -> ListViews:
    """The current user's views of a list, and those shared, by name."""
    asked = select(SavedView).where(SavedView.record == record.key, _seen())
    views = db.session.scalars(asked.order_by(SavedView.name_key, SavedView.id).limit(MOST))
    return ListViews(list(views), _memory(record))


def find_view(number: int) -> SavedView | None:
    """One view, if the current user has it."""
    return db.session.scalar(select(SavedView).where(SavedView.id == number, _seen()))


def may_change(view: SavedView) -> bool:
    """Whether the current user may change or delete a view: their own; a shared one who may share."""
    mine = view.created_by_id == actor_id()
    return may("share", "saved_view") if view.shared else mine


def write_view(view: SavedView, name: str, shared: bool) -> None:
    """Name a view and say whether all have it. The caller has its state written already, and commits."""
    if shared and not view.shared and not may("share", "saved_view"):
        raise RuleError(_("You may not share views."), field="shared")
    view.name, view.shared = " ".join(name.split()), shared
    with db.session.no_autoflush:
        whose = SavedView.shared if shared else ~SavedView.shared & (SavedView.created_by_id == actor_id())
        asked = select(SavedView.id).where(
            SavedView.record == view.record, SavedView.name_key == view.name_key, whose
        )
        if view.name_key and set(db.session.scalars(asked)) - {view.id}:
            raise RuleError(_("There is a view with this name already."), field="name")
    db.session.add(view)
    db.session.flush()


def take_state(record: RecordType, view: SavedView, state: str, layout: str) -> None:
    """Let a view show what a list shows in this state.

    Raises UnknownFilter for what cannot be read, RuleError where a sensitive value would lie open in it.
    """
    args = parameters(state)
    statement_of(record, args)
    if secret_names(record.key, args):
        raise RuleError(
            _("Values of sensitive attributes are not kept in views. Take that filter away first.")
        )
    view.query, view.layout = state_of(args), layout


def count_of(record: RecordType, view: SavedView) -> int | None:
    """How many records a view shows to the current user; None for more than are counted.

    Raises UnknownFilter where it names what is gone, or what this user may not filter by.
    """
    return counted(statement_of(record, parameters(view.query)))


# -- what is remembered


def _memory(record: RecordType) -> ListMemory | None:
    mine = select(ListMemory).where(ListMemory.user_id == actor_id(), ListMemory.record == record.key)
    return db.session.scalar(mine)


def remember(record: RecordType, state: str) -> None:
    """Keep what the current user looks at. Commits. What cannot be read is not worth remembering, and a filter by
    a sensitive value is not to be kept."""
    args = parameters(state)
    try:
        statement_of(record, args)
    except UnknownFilter:
        return
    if secret_names(record.key, args):
        return
    views, known = views_of(record), state_of(args)
    memory = views.memory or ListMemory(user_id=actor_id(), record=record.key)
    shown = views.showing(known)
    memory.query = known
    if shown or not known:
        memory.view_id = shown.id if shown else None
    _keep(memory)


def open_with(record: RecordType, view: SavedView | None) -> None:
    """Let a list open with this view for the current user; without one with what was looked at last. Commits."""
    memory = _memory(record) or ListMemory(user_id=actor_id(), record=record.key)
    memory.default_id = view.id if view else None
    _keep(memory)


def _keep(memory: ListMemory) -> None:
    db.session.add(memory)
    try:
        db.session.commit()
    except IntegrityError:
        # another window of theirs was first
        db.session.rollback()
