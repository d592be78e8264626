"""Finding the clients that rows mean: by number, external ID, tax ID, e-mail, phone or name, many rows at once.

It is looked among all clients, in the trash, merged away and out of sight too, so that nothing is made twice; what
the viewer may not see is told as little of as can be. Of a sensitive client nothing that is masked leads to it.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select, tuple_

from crm.extensions import db
from crm.models import Client, ClientExternalId
from crm.models.folding import fold
from crm.models.identifiers import e164, tax_id_key
from crm.security.masking import may_see_sensitive, secret_names
from crm.services.clients.redirects import all_followed
from crm.services.importing.rows import Keys
from crm.services.undo.hidden import seen

clients = Client.__table__
externals = ClientExternalId.__table__
PHONES = ("phone", "mobile", "phone2")

#: Some values -> (value, id of a client that has it).
LookUp = Callable[[Collection[Any]], Iterable[tuple[Any, int]]]


@dataclass(frozen=True)
class Match:
    """The client that a row means, and by which key; or none. problem: why the row cannot be taken."""

    id: int | None = None
    key: str = ""
    problem: str = ""


NONE = Match()


def keys_of_client(values: Mapping[str, Any], names: Collection[str], app_code: str = "") -> Keys:
    """The values by which a client with these JSON values is known."""
    country = (values.get("billing") or {}).get("country")
    found = {
        "id": {values.get("id")},
        "external_id": {external_key(values.get("external_id"), values.get("app_code") or app_code)},
        "tax_id": {tax_id_key(_text(values.get("tax_id")), country)},
        "email": {_text(values.get("email")).lower()},
        "phone": {e164(_text(values.get(name)), country) for name in PHONES},
        "name": {fold(_text(values.get("name")))[:200]},
    }
    known = {name: frozenset(filter(None, found[name])) for name in names}
    return {name: given for name, given in known.items() if given}


def external_key(external_id: Any, app_code: Any) -> tuple[str, str] | None:
    """An external ID as the database has it: (app code, ID)."""
    name = _text(external_id).strip()
    return (_text(app_code).strip(), name) if name else None


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def find_clients(
    wanted: Mapping[int, Keys], keys: Sequence[str], only_seen: bool = False
) -> dict[int, Match]:
    """Row -> the client that it means, by the first of the keys by which there is any.

    only_seen: clients in the trash, and those that the viewer does not see, are not there.
    """
    found = {key: _look_up(key, wanted.values()) for key in keys}
    facts = _facts({number for by_value in found.values() for ids in by_value.values() for number in ids})
    shown = seen(facts)
    masked = set() if may_see_sensitive() else {"tax_id" if n == "tax_id_key" else n for n in _masked()}
    return {
        row: _match(values, keys, found, facts, shown, masked, only_seen) for row, values in wanted.items()
    }


def _masked() -> frozenset[str]:
    return secret_names(Client) | {"phone"}


def _match(
    values: Keys,
    keys: Sequence[str],
    found: Mapping[str, Mapping[Any, set[int]]],
    facts: Mapping[int, tuple[bool, bool]],
    shown: set[int],
    masked: Collection[str],
    only_seen: bool,
) -> Match:
    for key in keys:
        ids = {number for value in values.get(key, ()) for number in found[key].get(value, ())}
        if key in masked:
            ids = {number for number in ids if not facts[number][1]}
        live = {number for number in ids if not facts[number][0]}
        ids = live & shown if only_seen else live or ids
        if len(ids) > 1:
            return Match(key=key, problem=_("Several clients have this."))
        if ids:
            number = ids.pop()
            if number not in shown:
                return Match(key=key, problem=_("A client that you may not see has this."))
            return Match(number, key)
        if key == "id" and values.get(key):
            return Match(key=key, problem=_("There is no such client."))
    return NONE


def _facts(ids: set[int]) -> dict[int, tuple[bool, bool]]:
    """Client id -> whether it is in the trash, whether it is sensitive."""
    asked = select(clients.c.id, clients.c.deleted_at.is_not(None), clients.c.sensitive)
    rows = db.session.connection().execute(asked.where(clients.c.id.in_(ids))) if ids else ()
    return {number: (bool(trashed), bool(sensitive)) for number, trashed, sensitive in rows}


# -- looking up


def _look_up(key: str, rows: Iterable[Keys]) -> dict[Any, set[int]]:
    """Value -> the ids of the clients that have it, those merged away as what they became."""
    values = {value for one in rows for value in one.get(key, ())}
    pairs = list(LOOK_UPS[key](values)) if values else []
    ends = all_followed(number for _value, number in pairs)
    found: dict[Any, set[int]] = defaultdict(set)
    for value, number in pairs:
        found[value].add(ends[number])
    return found


def _by(*columns: Any) -> LookUp:
    def look_up(values: Collection[Any]) -> Iterable[tuple[Any, int]]:
        for column in columns:
            asked = select(column, clients.c.id).where(column.in_(values))
            yield from (tuple(row) for row in db.session.connection().execute(asked))

    return look_up


def external_ids(values: Collection[Any]) -> Iterable[tuple[Any, int]]:
    """((app code, ID), client id) of those that are known, whoever has them."""
    columns = (externals.c.app_code, externals.c.external_id)
    asked = select(*columns, externals.c.client_id).where(tuple_(*columns).in_(values))
    return (((code, name), number) for code, name, number in db.session.connection().execute(asked))


LOOK_UPS: dict[str, LookUp] = {
    "id": _by(clients.c.id),
    "external_id": external_ids,
    "tax_id": _by(clients.c.tax_id_key),
    "email": _by(func.lower(clients.c.email)),
    "phone": _by(*(clients.c[f"{name}_e164"] for name in PHONES)),
    "name": _by(clients.c.name_key),
}
