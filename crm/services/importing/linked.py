"""Other records that a row names by number or by name: a deal's contact, a task's project."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import or_, select

from crm.extensions import db
from crm.models import Client, Contact
from crm.models.folding import fold
from crm.registry import RecordType, registry
from crm.security.masking import is_masked
from crm.services.record_json import LARGEST_ID
from crm.services.record_names import written_names


class Linked:
    """What the texts in one portion of rows stand for, each kind of record asked for once."""

    def __init__(self, record: RecordType):
        self.models: dict[str, Any] = {}
        for name, attribute in written_names(record).items():
            relation = record.mapper.relationships.get(attribute.key)
            if relation is not None and not relation.uselist and relation.mapper.class_ not in (Client, User):
                self.models[name] = relation.mapper.class_
        self._found: dict[tuple[str, str], list[Any]] = defaultdict(list)

    def learn(self, rows: Iterable[tuple[dict[str, Any], int | None]]) -> None:
        """Look up what rows name; each with the number of its client."""
        rows = list(rows)
        for name, model in self.models.items():
            texts = {_text(data[name]) for data, _client in rows if data.get(name) not in (None, "")}
            if texts:
                self._learn(name, model, texts, {client for _data, client in rows if client})

    def _learn(self, name: str, model: Any, texts: set[str], clients: set[int]) -> None:
        numbers = {
            int(text) for text in texts if text.isascii() and text.isdigit() and int(text) < LARGEST_ID
        }
        if model is Contact:
            named = Contact.client_id.in_(clients)
        else:
            column = registry().by_model[model].search[0]
            named = column.in_(texts)
        for item in db.session.scalars(select(model).where(or_(model.id.in_(numbers), named))):
            words = {str(item.id), fold(str(item))}
            if model is Contact:
                words |= {item.name_key, "" if is_masked(item, "email") else fold(item.email or "")}
            else:
                words.add(fold(str(getattr(item, column.key))))
            for word in words - {""}:
                self._found[name, word].append(item)

    def without_same(self, item: Any, data: dict[str, Any]) -> dict[str, Any]:
        """The data without names of what the record is linked to already: others may have the same."""
        names = (name for name in self.models if name in data)
        same = {name for name in names if _text(data[name]) == _text(getattr(item, name) or "")}
        return {name: value for name, value in data.items() if name not in same}

    def resolve(self, data: dict[str, Any], client_id: int | None) -> dict[str, list[str]]:
        """Put numbers in the place of names; gives what is wrong, by field."""
        errors = {}
        for name in self.models:
            if data.get(name) in (None, ""):
                continue
            items = self._found[name, fold(_text(data[name]))]
            # of several with a name, those of the row's client are meant
            mine = [item for item in items if client_id and getattr(item, "client_id", None) == client_id]
            found = mine or items
            if len(found) == 1:
                data[name] = found[0].id
            else:
                text = _text(data[name])[:60]
                errors[name] = [
                    _("There are several “%(name)s”.", name=text)
                    if found
                    else _("There is no “%(name)s”.", name=text)
                ]
        return errors


def _text(value: Any) -> str:
    return str(value).strip()
