"""Form fields for our column types: forgiving in what they read, plain in what they say."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import format_decimal, get_timezone
from flask_babel import gettext as _
from sqlalchemy import select
from wtforms import DateField, Field, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import Choice, SelectChoice
from wtforms.validators import ValidationError
from wtforms.widgets import ColorInput, DateTimeLocalInput, TextInput

from crm.extensions import db
from crm.models.blanks import trimmed
from crm.models.status import COLOUR
from crm.services.reading import LARGEST_INTEGER, read_number


def stripped(value: Any) -> Any:
    """Without the blanks around it, lines ended as everywhere; nothing but blanks is None."""
    return (trimmed(value.replace("\r\n", "\n")) or None) if isinstance(value, str) else value


def within(low: int, high: int, message: Any) -> Callable[[Any, Field], None]:
    """Refuse a number that is there and lies outside."""

    def check(_form: Any, field: Field) -> None:
        if field.data is not None and not low <= field.data <= high:
            raise ValidationError(str(message))

    return check


class NumberField(Field):
    """An exact number with up to `places` decimals and at most `largest`; integers have places=0.

    least: so many decimals are shown in any case, two for amounts.
    """

    widget = TextInput()

    def __init__(
        self, label: Any = None, validators: Any = None, places: int = 2, largest: Any = None, least: int = 0,
        **kw: Any,
    ):  # fmt: skip
        super().__init__(label, validators, **kw)
        self.places, self.least = places, least
        self.largest = Decimal(largest if largest is not None else LARGEST_INTEGER)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        return format_decimal(
            self.data, format="0." + "0" * self.least + "#" * (max(self.places, 1) - self.least)
        )

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        self.data = None
        if not valuelist or not valuelist[0].strip():
            return
        try:
            number = read_number(valuelist[0])
        except ValueError:
            raise ValueError(_("This is not a number.")) from None
        if abs(number) > self.largest:
            raise ValueError(_("This number is too large."))
        if number != round(number, self.places):
            places = self.places
            raise ValueError(
                _("At most %(n)d decimals.", n=places) if places else _("A whole number, please.")
            )
        self.data = number if self.places else int(number)


class ColourField(StringField):
    """A colour as #rrggbb, chosen from the browser's palette."""

    widget = ColorInput()

    def pre_validate(self, form: Any) -> None:
        if not COLOUR.fullmatch(self.data or ""):
            raise ValidationError(_("A colour is written as #1e293b."))


class MomentField(Field):
    """Date and time in the user's time zone; the data is aware, in UTC."""

    widget = DateTimeLocalInput()

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.data.astimezone(get_timezone()).strftime("%Y-%m-%dT%H:%M") if self.data else ""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        self.data = None
        if not valuelist or not valuelist[0].strip():
            return
        try:
            moment = datetime.fromisoformat(valuelist[0].strip())
            if moment.tzinfo is None:
                moment = get_timezone().localize(moment)
            self.data = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValueError(_("This is not a date and time.")) from None


class DayField(DateField):
    def process_formdata(self, valuelist: Sequence[str]) -> None:
        if not valuelist or not valuelist[0].strip():
            self.data = None
            return
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("This is not a date.")) from None


class YesNoField(SelectField):
    """Yes, no, or not set: three different things."""

    def __init__(self, label: Any = None, validators: Any = None, **kw: Any):
        choices = [SelectChoice("", "–"), SelectChoice("yes", _("Yes")), SelectChoice("no", _("No"))]
        super().__init__(label, validators, choices=choices, **kw)

    def process_data(self, value: bool | None) -> None:
        self.data = {True: "yes", False: "no"}.get(value, "")  # type: ignore[arg-type]

    def populate_obj(self, obj: Any, name: str) -> None:
        setattr(obj, name, {"yes": True, "no": False}.get(self.data))


class OneOfField(SelectField):
    """One of a few choices; the blank one means none."""

    def __init__(self, label: Any, validators: Any, choices: Any, optional: bool = False, **kw: Any):
        self.optional = optional
        super().__init__(label, validators, choices=[], coerce=lambda v: "" if v is None else str(v), **kw)
        self.offer(choices)

    def offer(self, choices: Iterable[tuple[str, Any]]) -> None:
        """Offer these choices, (value, words)."""
        self.choices = [SelectChoice(*pair) for pair in ((("", "–"), *choices) if self.optional else choices)]

    def populate_obj(self, obj: Any, name: str) -> None:
        setattr(obj, name, self.data or None)


class UserField(SelectField):
    """One active user; whoever is chosen already stays offered."""

    def __init__(self, label: Any = None, validators: Any = None, **kw: Any):
        super().__init__(label, validators, coerce=_id_or_none, choices=[], validate_choice=False, **kw)

    def iter_choices(self) -> Any:
        yield Choice("", "–", self.data is None, {})
        for user in active_users([self.data] if self.data else []):
            yield Choice(user.id, user.get_full_name(), user.id == self.data, {})

    def process_data(self, value: Any) -> None:
        self.data = value.id if isinstance(value, User) else value

    def populate_obj(self, obj: Any, name: str) -> None:
        setattr(obj, name, db.session.get(User, self.data) if self.data else None)

    def pre_validate(self, form: Any) -> None:
        if self.data and db.session.get(User, self.data) is None:
            raise ValidationError(_("There is no such user."))


class UsersField(SelectMultipleField):
    """Several active users, in the order chosen; given by the rows that link the record to them."""

    def __init__(self, label: Any = None, validators: Any = None, **kw: Any):
        super().__init__(label, validators, coerce=_id_or_none, choices=[], validate_choice=False, **kw)

    def iter_choices(self) -> Any:
        chosen = self.data or []
        users = active_users(chosen)
        for user in sorted(users, key=lambda u: chosen.index(u.id) if u.id in chosen else len(chosen)):
            yield Choice(user.id, user.get_full_name(), user.id in chosen, {})

    def process_data(self, value: Any) -> None:
        self.data = [getattr(one, "user_id", None) or one.id for one in value or ()]

    def populate_obj(self, obj: Any, name: str) -> None:
        users = {u.id: u for u in active_users(self.data or [])}
        setattr(obj, plural(name), [users[i] for i in self.data or [] if i in users])

    def pre_validate(self, form: Any) -> None:
        before = [getattr(one, "user_id", None) or one.id for one in self.object_data or ()]
        if not set(self.data or []) <= {u.id for u in active_users(before)}:
            raise ValidationError(_("There is no such user."))


class RecordField(SelectField):
    """One record of a type with many, chosen by typing: the page asks `choices_url` for matches.

    find: given an id, the record that the viewer sees, or None. of: the field whose client's alone are offered.
    """

    def __init__(
        self,
        label: Any,
        validators: Any,
        find: Callable[[int], Any],
        choices_url: str,
        hidden: Any = "",
        of: str = "",
        **kw: Any,
    ):
        super().__init__(label, validators, choices=[], validate_choice=False, **kw)
        self.find, self.choices_url, self.hidden, self.of = find, choices_url, hidden, of

    def __call__(self, **kw: Any) -> Any:
        of = {"data-of": self.of} if self.of else {}
        return super().__call__(**{"data-remote": self.choices_url, **of, **kw})

    def iter_choices(self) -> Any:
        yield Choice("", "", not self.data, {})
        if self.data:
            item = self.find(self.data)
            yield Choice(self.data, str(item) if item is not None else self.hidden or _("hidden"), True, {})

    def process_data(self, value: Any) -> None:
        self.data = getattr(value, "id", value)

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        try:
            self.data = _id_or_none(valuelist[0]) if valuelist else None
        except ValueError:
            self.data = None
            raise ValueError(_("There is no such record.")) from None

    def pre_validate(self, form: Any) -> None:
        if self.data and self.data != self.object_data_id and self.find(self.data) is None:
            raise ValidationError(_("There is no such record."))

    @property
    def object_data_id(self) -> int | None:
        return getattr(self.object_data, "id", self.object_data)

    def populate_obj(self, obj: Any, name: str) -> None:
        if self.data != self.object_data_id or obj.id is None:
            setattr(obj, name, self.find(self.data) if self.data else None)


class RecordsField(SelectMultipleField):
    """Several records of a type with many, chosen by typing. Those that the user does not see stay.

    link: the relation of the linking rows to the records. find: as of RecordField.
    """

    def __init__(
        self,
        label: Any,
        validators: Any,
        find: Callable[[int], Any],
        choices_url: str,
        link: str,
        **kw: Any,
    ):
        super().__init__(label, validators, coerce=_id_or_none, choices=[], validate_choice=False, **kw)
        self.find, self.choices_url, self.link = find, choices_url, link

    def __call__(self, **kw: Any) -> Any:
        return super().__call__(**{"data-remote": self.choices_url, **kw})

    def iter_choices(self) -> Any:
        for number in self.data or ():
            if (item := self.find(number)) is not None:
                yield Choice(number, str(item), True, {})

    def process_data(self, value: Any) -> None:
        found = (getattr(row, self.link) for row in value or ())
        self.data = [one.id for one in found if one is not None]

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        super().process_formdata([text for text in valuelist if text.strip()])

    def pre_validate(self, form: Any) -> None:
        if any(self.find(number) is None for number in self.data or ()):
            raise ValidationError(_("There is no such record."))

    def populate_obj(self, obj: Any, name: str) -> None:
        setattr(obj, plural(name), [self.find(number) for number in self.data or ()])


def plural(links: str) -> str:
    """The attribute that sees linking rows as what they lead to: `assignees` of `assignee_links`."""
    return links.removesuffix("_links") + "s"


def _id_or_none(value: Any) -> int | None:
    if value in (None, "", "None"):
        return None
    number = int(value)
    if not 0 < number < 2**63:
        raise ValueError(value)
    return number


def active_users(also: Sequence[int] = ()) -> list[User]:
    """The users that can be chosen, by name, and those with the ids in `also`."""
    asked = (
        select(User).where(User.active | User.id.in_(also)).order_by(User.first_name, User.last_name, User.id)
    )
    return list(db.session.scalars(asked))


__all__ = [
    "Choice", "ColourField", "DayField", "MomentField", "NumberField", "OneOfField", "RecordField", "RecordsField",
    "StringField",
    "TextAreaField", "UserField", "UsersField", "YesNoField", "active_users", "read_number", "stripped", "within",
]  # fmt: skip
