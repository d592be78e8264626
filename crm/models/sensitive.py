"""What clients marked sensitive keep hidden from most: which records are theirs, and texts without it."""

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session, object_session

from crm.models.base import CLIENT_LINKS, Base, OptionalClientOwned, clients_of
from crm.models.client import Client

MASK = "•••"
DATE = r"\b(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})\b(?:[T, ]{1,2}\d{1,2}:\d{2})?"
#: No address is longer; without a bound, a long text without blanks would be looked through again from each place.
ADDRESS = r"[^\s<>()\[\]\"',;:]{1,254}@[^\s<>()\[\]\"',;:]+"
NUMBER = r"\+?\d(?:[ \t\u00a0\u202f./()\-]{0,2}\d){6,}"
#: Dates look like numbers, and stay.
HIDDEN = re.compile(f"(?P<date>{DATE})|{ADDRESS}|{NUMBER}")
#: Where a session keeps what it asked of clients that it must not load.
_ASKED = "sensitive_clients"


def veil(text: str) -> str:
    """A text with a mask for each e-mail address and each number of seven digits and more."""
    return HIDDEN.sub(lambda found: found.group() if found["date"] else MASK, text)


def is_at_sensitive_client(item: Any) -> bool:
    """Whether a record is at a client marked sensitive; one of several clients is enough, seen or not."""
    if isinstance(item, Client):
        return bool(item.sensitive)
    links = getattr(item, CLIENT_LINKS, ())
    seen = [
        one for one in (getattr(item, "client", None), *(link.client for link in links)) if one is not None
    ]
    if any(client.sensitive for client in seen):
        return True
    ids = set(clients_of(item)) - {client.id for client in seen}
    session = object_session(item)
    return bool(ids) and session is not None and not ids.isdisjoint(_sensitive(session, ids))


def _sensitive(session: Session, ids: Iterable[int]) -> set[int]:
    """Those of these clients that are sensitive, by the table's own columns: the viewer may not see them all.

    What is not known yet is asked once for all records that the session has loaded.
    """
    known: dict[int, bool] = session.info.setdefault(_ASKED, {})
    if unknown := set(ids) - set(known):
        loaded = [row for row in session.identity_map.values() if isinstance(row, OptionalClientOwned)]
        unknown |= {number for row in loaded if _is_fresh(row) for number in clients_of(row)} - set(known)
        client = Client.__table__.c
        asked = select(client.id, client.sensitive).where(client.id.in_(unknown))
        known |= dict.fromkeys(unknown, False)
        known |= {row.id: row.sensitive for row in session.connection().execute(asked)}
    return {number for number in ids if known[number]}


@event.listens_for(Session, "after_begin")
@event.listens_for(Session, "before_flush")
@event.listens_for(Session, "after_flush")
def _ask_anew(session: Session, *_: Any) -> None:
    session.info.pop(_ASKED, None)


def _is_fresh(row: Base) -> bool:
    """Whether the row's clients can be told without asking the database."""
    state = inspect(row)
    return not state.expired and not {"client_id", CLIENT_LINKS} & state.unloaded


def text_at(item: Any, text: str) -> str:
    """A text of a record as everybody may see it: at a sensitive client without what is hidden there."""
    return veil(text) if text and is_at_sensitive_client(item) else text


def title_at(item: Any, text: str, longest: int = 80) -> str:
    """The first line of a text as the title of a record, as everybody may see it."""
    line = text_at(item, " ".join(text.strip().partition("\n")[0].split()))
    return line if len(line) <= longest else line[: longest - 1] + "…"
