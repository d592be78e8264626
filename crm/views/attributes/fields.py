"""A form field for each type of attribute, which reads and writes the value of a client or contact."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from wtforms import Field, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import Length, ValidationError
from wtforms.widgets import URLInput

from crm.errors import RuleError
from crm.models import AttributeDefinition, AttributeOption, AttributeValue
from crm.models.attribute import Owner
from crm.services.attributes import reveals as attribute_reveals
from crm.services.attributes.reading import (
    AMOUNT_PLACES,
    LARGEST_NUMBER,
    LONGEST_LINK,
    LONGEST_LONG_TEXT,
    LONGEST_TEXT,
    NUMBER_PLACES,
    read_value,
    read_word,
)
from crm.services.attributes.storing import kind_of, rows_of, store, stored
from crm.services.reading import Unreadable
from crm.views.forms.fields import (
    Choice,
    DayField,
    MomentField,
    NumberField,
    OneOfField,
    YesNoField,
    stripped,
)

PREFIX = "attr_"
Rows = Mapping[int, Sequence[AttributeValue]]


class OfAttribute(Field):
    """What the fields of all types share: they know their definition and where the value is stored."""

    def __init__(
        self, label: Any = None, validators: Any = None, definition: Any = None, rows: Rows | None = None,
        may_add: bool = False, **kw: Any,
    ):  # fmt: skip
        self.definition, self.rows, self.may_add = definition, rows or {}, may_add
        super().__init__(label, validators, description=definition.help_text or "", **kw)

    def value(self) -> Any:
        """What was typed, as attributes store it; None for nothing."""
        return self.data if self.data not in ("", []) else None

    def populate_obj(self, obj: Owner, name: str) -> None:
        value = self.value()
        if isinstance(self, WordOfAttribute | WordsOfAttribute):
            try:
                value = read_value(self.definition, value, self.may_add)
            except Unreadable as error:
                # the list may have filled up since it was checked
                raise RuleError(str(error), field=self.name) from None
        store(obj, self.definition, self.rows.get(self.definition.id, ()), value)


class TextOfAttribute(OfAttribute, StringField):
    """A text, read as that of programs and files is."""

    def value(self) -> Any:
        return read_value(self.definition, self.data)

    def pre_validate(self, form: Any) -> None:
        try:
            self.value()
        except Unreadable as error:
            raise ValidationError(str(error)) from None


class LongTextOfAttribute(OfAttribute, TextAreaField):
    pass


class NumberOfAttribute(OfAttribute, NumberField):
    pass


class DayOfAttribute(OfAttribute, DayField):
    pass


class MomentOfAttribute(OfAttribute, MomentField):
    pass


class LinkOfAttribute(TextOfAttribute):
    """A web address; its scheme is filled in."""

    widget = URLInput()


class MoneyOfAttribute(NumberOfAttribute):
    """An amount in the attribute's currency, which may be typed with it."""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        self.data = None
        try:
            self.data = read_value(self.definition, valuelist[0] if valuelist else None)
        except Unreadable as error:
            raise ValueError(str(error)) from None


class YesNoOfAttribute(OfAttribute, YesNoField):
    def value(self) -> bool | None:
        return {"yes": True, "no": False}.get(self.data)


class Options(OfAttribute):
    """Choices of words. An option goes by `#` and its id; anything else is a word to be added."""

    def __call__(self, **kw: Any) -> Any:
        return super().__call__(**({"data-create": "yes"} if self.may_add else {}), **kw)

    def chosen(self) -> list[str]:
        return [self.data] if isinstance(self.data, str) and self.data else list(self.data or ())

    def value(self) -> list[AttributeOption | str]:
        known = {f"#{option.id}": option for option in self.definition.options}
        return [known.get(one, one) for one in self.chosen()]

    def pre_validate(self, form: Any) -> None:
        if any(isinstance(one, str) and one.startswith("#") for one in self.value()):
            raise ValidationError(_("There is no such choice."))
        try:
            if self.may_add:
                # not read as a whole yet: that would add the words
                for one in self.chosen():
                    read_word(one)
            else:
                read_value(self.definition, self.value())
        except Unreadable as error:
            raise ValidationError(str(error)) from None

    def iter_choices(self) -> Iterator[Choice]:
        chosen = self.chosen()
        if not isinstance(self, SelectMultipleField):
            yield Choice("", "–", not chosen, {})
        for option in self.definition.options:
            yield Choice(f"#{option.id}", option.label, f"#{option.id}" in chosen, {})
        for word in self.value():
            if isinstance(word, str):
                yield Choice(word, word, True, {})


class WordOfAttribute(Options, OneOfField):
    def __init__(self, label: Any = None, validators: Any = None, **kw: Any):
        super().__init__(label, validators, choices=[], validate_choice=False, **kw)

    def process_data(self, value: Sequence[AttributeOption] | None) -> None:
        self.data = f"#{value[0].id}" if value else ""


class WordsOfAttribute(Options, SelectMultipleField):
    def __init__(self, label: Any = None, validators: Any = None, **kw: Any):
        super().__init__(label, validators, choices=[], validate_choice=False, **kw)

    def process_data(self, value: Sequence[AttributeOption] | None) -> None:
        self.data = [f"#{option.id}" for option in value or ()]


def field_of(definition: AttributeDefinition, rows: Rows, may_add: bool) -> Any:
    """The (unbound) form field of one attribute, over the rows of its owner's values.

    may_add: whether words may be added to the attribute's list.
    """
    own = {"label": definition.label, "definition": definition, "rows": rows, "may_add": may_add}
    if definition.type == "text":
        return TextOfAttribute(validators=[Length(max=LONGEST_TEXT)], filters=[stripped], **own)
    if definition.type == "long_text":
        length = Length(max=LONGEST_LONG_TEXT)
        return LongTextOfAttribute(validators=[length], filters=[stripped], render_kw={"rows": 4}, **own)
    if definition.type == "number":
        return NumberOfAttribute(places=NUMBER_PLACES, largest=LARGEST_NUMBER, **own)
    if definition.type == "money":
        own["label"] = f"{definition.label} ({definition.currency})"
        return MoneyOfAttribute(places=AMOUNT_PLACES, least=AMOUNT_PLACES, **own)
    if definition.type == "link":
        return LinkOfAttribute(validators=[Length(max=LONGEST_LINK)], filters=[stripped], **own)
    if definition.type == "integer":
        return NumberOfAttribute(places=0, **own)
    fields = {
        "date": DayOfAttribute,
        "date_time": MomentOfAttribute,
        "yes_no": YesNoOfAttribute,
        "word": WordOfAttribute,
        "words": WordsOfAttribute,
    }
    return fields[definition.type](**own)


def fields_of(
    owner: Owner, found: Sequence[AttributeDefinition], may_add: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of these attributes for a form of a client or contact, and what they hold, by field name.

    A new one holds the defaults.
    """
    rows = rows_of(owner)
    if seen := [d.key for d in found if d.sensitive and d.id in rows]:
        attribute_reveals.note(kind_of(owner), owner.id, seen)
    fields = {PREFIX + definition.key: field_of(definition, rows, may_add) for definition in found}
    return fields, {PREFIX + d.key: _held(owner, d, rows) for d in found}


def attribute_fields(form: Iterable[Field]) -> list[OfAttribute]:
    """Those fields of a form that are attributes."""
    return [field for field in form if isinstance(field, OfAttribute)]


def renew_rows(form: Iterable[Field], owner: Owner) -> None:
    """Let the fields write over the rows that are there now; for an owner that has just been locked."""
    rows = rows_of(owner)
    for field in attribute_fields(form):
        field.rows = rows


def _held(owner: Owner, definition: AttributeDefinition, rows: Rows) -> Any:
    if owner.id is not None:
        return stored(definition, rows.get(definition.id, ()))
    try:
        return read_value(definition, definition.default)
    except Unreadable:
        # the list of words has changed since the default was written
        return None
