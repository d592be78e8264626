"""The texts of a row made into what the API's JSON of a record would be, with what is wrong beside it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import get_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from crm.extensions import db
from crm.models import Status, Tag
from crm.models.folding import fold
from crm.registry import RecordType
from crm.security.masking import MASK
from crm.services.clients.as_json import plain
from crm.services.exporting.table_files import CUT, LONGEST_CELL
from crm.services.importing import cells
from crm.services.importing import fields as kinds
from crm.services.importing.fields import OF_ATTRIBUTE, OF_CONTACT, ImportField, fields_of
from crm.services.importing.words import in_words, values_by_word
from crm.services.reading import Unreadable

Values = dict[str, Any]
PHONES = ("phone", "mobile", "phone2")
#: Texts that go on below one another where several columns are one field; others go on in the line.
LONG = frozenset({"notes", "description", "text"})
#: Of fields that are one value no longer text is looked at.
LONGEST_VALUE = 1_000
LISTS = frozenset({kinds.TEXT, kinds.TAGS, kinds.USERS, kinds.ATTRIBUTE})
#: What an export says of a record that its reader may not see.
HIDDEN = _l("hidden")


class Converter:
    """Reads the rows of one file. What it must know (statuses, users, tags) it asks for once.

    mapping: number of the column -> name of the field; several columns may be one text. options: `decimal` and
    `dates` as a source says them; `blanks`: "clear" where a blank cell shall empty a field, otherwise it says
    nothing. Needs the user whose import it is: what they may not write is no field.
    """

    def __init__(self, record: RecordType, mapping: Mapping[int, str], options: Mapping[str, Any]):
        self.record = record
        self.mark, self.order = options.get("decimal") or ".", options.get("dates") or "dmy"
        self.clears = options.get("blanks") == "clear"
        known = {field.name: field for field in fields_of(record)}
        self.columns: dict[str, list[int]] = {}
        for index, name in sorted((int(index), name) for index, name in mapping.items()):
            if name in known:
                self.columns.setdefault(name, []).append(index)
        self.fields = {name: known[name] for name in self.columns}
        self.has_currency = "currency" in known and "currency" not in self.fields
        self.hidden = {fold(word) for word in in_words(HIDDEN)}
        self.readers = {name: self._reader(field) for name, field in self.fields.items()}
        self.staying = {name for name, field in self.fields.items() if self._stays(field)}

    def typed(self, texts: Sequence[str]) -> tuple[Values, dict[str, str]]:
        """The values of one row, as the API's JSON; and what is wrong, by the name of the field.

        Beside the JSON's own names there may be `contact`: the values of a contact of the client; and of a record
        the ways to say whose it is, of CLIENT_NAMES, and linked records by number or name, as texts.
        """
        values: Values = {}
        errors: dict[str, str] = {}
        spare: dict[str, list[str]] = {}
        for name, field in self.fields.items():
            text = self._text(name, texts)
            if text == MASK or _is_cut(text) or (self._is_name(field) and fold(text) in self.hidden):
                continue
            try:
                if text:
                    if len(text) > LONGEST_VALUE and field.kind not in LISTS:
                        raise Unreadable(_("This is too long."))
                    value = self.readers[name](text)
                    if field.kind == kinds.PHONE and len(numbers := cells.read_phones(text)) > 1:
                        spare[name] = numbers
                elif self.clears and name not in self.staying:
                    value = None
                else:
                    continue
                _put(values, name, value, self._take_currency(values, field))
            except Unreadable as error:
                errors[name] = str(error)
        self._spread(values, spare)
        if self.record.key == "client":
            _without_company(values, "name" in errors)
        return values, errors

    def _stays(self, field: ImportField) -> bool:
        """Whether a field is one that no blank cell clears: one of a few, which a cell can hardly mean to reset."""
        column = self.record.mapper.columns.get(field.name)
        is_one = field.kind == kinds.CHOICE and column is not None and not column.nullable
        return is_one or field.name in ("id", "archived")

    def _is_name(self, field: ImportField) -> bool:
        """Whether a field is another record, told by its name."""
        return field.kind == kinds.LINKED or field.name in kinds.CLIENT_NAMES

    def _spread(self, values: Values, spare: Mapping[str, list[str]]) -> None:
        """Where a cell has several numbers and there are phones that no column gives, they get one each."""
        free = [name for name in PHONES if name in self.record.mapper.columns and name not in self.fields]
        for name, (first, *others) in spare.items():
            if name in PHONES and len(others) <= len(free):
                values[name] = first
                for number in others:
                    values[free.pop(0)] = number

    def _text(self, name: str, texts: Sequence[str]) -> str:
        found = [texts[i].strip() for i in self.columns[name] if i < len(texts) and texts[i].strip()]
        if len(found) < 2:
            return found[0] if found else ""
        kind = self.fields[name].kind
        if kind == kinds.TEXT:
            return ("\n" if name in LONG else ", ").join(dict.fromkeys(found))
        return ", ".join(found) if kind in (kinds.TAGS, kinds.USERS) else found[0]

    def _take_currency(self, values: Values, field: ImportField) -> Callable[[str], None] | None:
        """Where the currency beside an amount goes: to a field of its own, if no column is that."""
        if field.kind == kinds.NUMBER and self.has_currency:
            return lambda code: values.setdefault("currency", code)
        return None

    def _reader(self, field: ImportField) -> Callable[[str], Any]:
        if field.kind == kinds.CHOICE:
            known, shown = (
                values_by_word(field.name, field.choices),
                [words for _value, words in field.choices],
            )
            return lambda text: cells.read_word(text, known, shown)
        if field.kind == kinds.STATUS:
            return self._statuses()
        if field.kind in (kinds.USER, kinds.USERS):
            return self._users(field.kind == kinds.USERS)
        if field.kind == kinds.TAGS:
            names = list(db.session.scalars(select(Tag.name)))
            return lambda text: cells.split_words(text, names)
        if field.kind == kinds.INTEGER:
            return lambda text: cells.read_integer(text, self.mark)
        if field.kind == kinds.NUMBER:
            return lambda text: cells.read_money(text, self.mark)
        if field.kind == kinds.DATE:
            return lambda text: cells.read_day(text, self.order)
        if field.kind == kinds.MOMENT:
            return lambda text: _in_utc(cells.read_moment(text, self.order))
        if field.kind == kinds.YES_NO:
            words = {True: "yes", False: "no"} if field.name == "consent" else {True: True, False: False}
            return lambda text: words[cells.read_yes_no(text)]
        if field.kind == kinds.ID:
            return lambda text: cells.read_id(
                text, "client" if field.name == "client_id" else self.record.key
            )
        if field.kind == kinds.ATTRIBUTE:
            return self._attribute(field.definition)
        return PLAIN_READERS.get(field.kind, cells.read_text)

    def _statuses(self) -> Callable[[str], str]:
        statuses = list(db.session.scalars(select(Status)))
        known = {fold(word): one.code for one in statuses for word in (one.code, one.name)}
        # as an export writes it, before what only looks like it
        known |= {one.code: one.code for one in statuses} | {one.name: one.code for one in statuses}

        def read(text: str) -> str:
            if (code := known.get(text) or known.get(fold(text))) is None:
                raise Unreadable(_("There is no status “%(code)s”.", code=text[:60]))
            return code

        return read

    def _users(self, several: bool) -> Callable[[str], Any]:
        users = db.session.execute(select(User.username, User.email, User.first_name, User.last_name)).all()
        known: dict[str, set[str]] = {}
        for name, email, first, last in users:
            for word in (f"{first} {last}", f"{last} {first}", email):
                known.setdefault(fold(word or ""), set()).add(name)
        known |= {fold(user.username): {user.username} for user in users}

        def read(text: str) -> str:
            found = known.get(fold(text), set())
            if len(found) > 1:
                raise Unreadable(_("There are several users “%(name)s”.", name=text[:60]))
            if not found:
                raise Unreadable(_("There is no user “%(name)s”.", name=text[:60]))
            return next(iter(found))

        if several:
            return lambda text: list(dict.fromkeys(read(name) for name in cells.split_words(text, known)))
        return read

    def _attribute(self, definition: Any) -> Callable[[str], Any]:
        readers: dict[str, Callable[[str], Any]] = {
            "number": lambda text: cells.read_number(text, self.mark),
            "integer": lambda text: cells.read_integer(text, self.mark),
            "date": lambda text: cells.read_day(text, self.order),
            "date_time": lambda text: _in_utc(cells.read_moment(text, self.order)),
            "money": lambda text: self._amount(text, definition.currency),
            "yes_no": cells.read_yes_no,
        }
        if definition.type == "words":
            labels = [option.label for option in definition.options]
            return lambda text: cells.split_options(text, labels)
        return readers.get(definition.type, cells.read_text)

    def _amount(self, text: str, currency: str | None) -> Any:
        amount, code = cells.read_money(text, self.mark)
        if code not in (None, currency):
            raise Unreadable(_("Amounts are in %(currency)s here.", currency=currency))
        return amount


PLAIN_READERS: Mapping[str, Callable[[str], Any]] = {
    kinds.EMAIL: cells.read_email,
    kinds.PHONE: cells.read_phone,
    kinds.COUNTRY: cells.read_country,
    kinds.LANGUAGE: cells.read_language,
    kinds.CURRENCY: cells.read_currency,
}


def _put(values: Values, name: str, value: Any, take_currency: Callable[[str], None] | None) -> None:
    """Put a value where the JSON has it."""
    if isinstance(value, tuple):
        value, currency = value
        if currency and take_currency:
            take_currency(currency)
    if isinstance(value, date | datetime):
        value = value.isoformat()
    if name.startswith(OF_CONTACT):
        values = values.setdefault("contact", {})
        name = name.removeprefix(OF_CONTACT)
    if name == "full_name":
        first, _blank, last = (value or "").rpartition(" ")
        for part, text in (("first_name", first), ("last_name", last)):
            values.setdefault(part, text.strip() or None)
        return
    if name.startswith(OF_ATTRIBUTE):
        name = name.removeprefix(OF_ATTRIBUTE)
    which, dot, part = name.partition(".")
    if dot:
        values.setdefault(which, {})[part] = plain(value)
    else:
        values[name] = plain(value)


def _in_utc(moment: datetime) -> datetime:
    """A moment; without a zone it is in the user's."""
    if moment.tzinfo is None:
        moment = get_timezone().localize(moment)
    return moment.astimezone(UTC)


def _is_cut(text: str) -> bool:
    """Whether an export had more to say than a cell of a sheet can hold."""
    return len(text) == LONGEST_CELL and text.endswith(CUT)


def _without_company(values: Values, name_is_wrong: bool) -> None:
    """Where there is a contact but no client for it to be at, it is the client: a person."""
    contact = values.get("contact") or {}
    if values.get("name") or name_is_wrong or not (contact.get("first_name") or contact.get("last_name")):
        return
    taken = values.pop("contact")
    address = {
        part: taken.pop(part)
        for part in ("street", "postal_code", "city", "region", "country")
        if part in taken
    }
    values["kind"] = "person"
    values.pop("name", None)
    if address:
        values["billing"] = {**address, **values.get("billing", {})}
    for name, value in taken.items():
        if name in PERSONAL and not values.get(name):
            values[name] = value


#: What a client has of a contact when it is a person.
PERSONAL = ("first_name", "last_name", "position", "email", "phone", "mobile", "website", "description")
