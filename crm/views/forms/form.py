"""The form of a record type, made from its columns; and edits by two people at once, kept apart by field."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import request
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Boolean, Date, Integer, Text, inspect, select
from sqlalchemy.orm import InstrumentedAttribute
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)  # fmt: skip
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from crm.extensions import db
from crm.models.identifiers import is_email
from crm.models.types import Exact, UtcDateTime
from crm.registry import TAG_LINKS, RecordType, registry
from crm.services.clients.rules import not_an_email
from crm.views.forms.fields import (
    Choice,
    DayField,
    MomentField,
    NumberField,
    OneOfField,
    RecordField,
    RecordsField,
    UserField,
    UsersField,
    YesNoField,
    stripped,
)  # fmt: skip
from crm.views.forms.iso_fields import CountryField, CurrencyField, LanguageField, ListedField
from crm.views.forms.lines_field import LinesField
from crm.views.forms.raw_values import raw_value, value_in_words
from crm.views.forms.tags_field import TagsField
from crm.views.forms.vat_field import VatField

#: Up to this many rows of a settings type are offered as a plain list.
MOST_CHOICES = 200
REQUIRED = _l("Please fill this in.")


#: Columns that hold a code of a list, by name.
LISTED_FIELDS: dict[str, type[ListedField]] = {
    "country": CountryField,
    "language": LanguageField,
    "currency": CurrencyField,
    "vat_rate": VatField,
}


def one_email(form: Any, field: Field) -> None:
    """Refuse what is not one e-mail address."""
    if field.data and not is_email(field.data):
        raise ValidationError(not_an_email(field.data))


class RecordForm(DynamicForm):
    """A form that remembers what its fields held when it was opened, in the hidden field `base`."""

    base = HiddenField()
    #: With what a refused form is answered.
    refused_with = 422
    #: The fields that somebody else changed meanwhile too; known after apply_to.
    conflicts: Sequence[str] = ()

    def remember_base(self) -> None:
        """Note the values now shown, to tell later what this user changed and what somebody else did."""
        self.base.data = json.dumps({f.name: raw_value(f) for f in self.own_fields()})

    def own_fields(self) -> list[Field]:
        return [f for f in self if f.name not in ("base", "csrf_token")]

    def groups(self, headings: Mapping[str, Any]) -> list[tuple[Any, list[Field]]]:
        """(heading, fields) of its groups, without lines: a field with a heading begins one, those before have none."""
        found: list[tuple[Any, list[Field]]] = [("", [])]
        for field in self.own_fields():
            if isinstance(field, LinesField):
                continue
            if field.name in headings:
                found.append((headings[field.name], []))
            found[-1][1].append(field)
        return [(heading, fields) for heading, fields in found if fields]

    def base_values(self) -> dict[str, str]:
        try:
            found = json.loads(self.base.data or "{}")
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def apply_to(self, item: Any, current: "RecordForm") -> bool:
        """Write to item what this user changed. False if somebody changed the same field meanwhile.

        current: the same form filled from item as it is now. A conflicting field gets both values in its
        message, and saving once more keeps what the user typed.
        """
        base, conflicts = self.base_values(), []
        for field in self.own_fields():
            now = raw_value(current[field.name])
            before = base.get(field.name, now)
            if not self._was_sent(field, base) or raw_value(field) == before:
                continue
            if isinstance(field, LinesField):
                if (again := field.merge(before, current[field.name])) is not None:
                    conflicts.append(field.name)
                    base[field.name] = again
                continue
            if now not in (before, raw_value(field)):
                conflicts.append(field.name)
                base[field.name] = now
                theirs = value_in_words(current[field.name]) or _("nothing")
                message = _("Changed meanwhile to “%(value)s”. Save again to keep yours.", value=theirs)
                field.errors = [*field.errors, message]
        if conflicts:
            self.conflicts = conflicts
            self.base.data = json.dumps(base)
            return False
        for field in self.own_fields():
            before = base.get(field.name, raw_value(current[field.name]))
            if self._was_sent(field, base) and raw_value(field) != before:
                field.populate_obj(item, field.name)
        return True

    def forgive_unsent(self) -> None:
        """Find nothing wrong with fields that were not sent."""
        base = self.base_values()
        for field in self.own_fields():
            if not self._was_sent(field, base):
                field.errors = []

    @staticmethod
    def _was_sent(field: Field, base: dict[str, str]) -> bool:
        """An unticked box and an emptied choice of several send nothing; other missing fields were not there."""
        if field.name in request.form:
            return True
        return field.name in base and isinstance(field, BooleanField | SelectMultipleField)


def form_for(record: RecordType, more: Mapping[str, Any]) -> type[RecordForm]:
    """The form class of a record type, with a field for each of `record.fields` and those in `more`."""
    fields = {**{a.key: field_for(record, a) for a in record.fields}, **more}
    if record.lines is not None:
        fields[record.lines.key] = LinesField(_l("Lines"), record=record)
    return type(f"{record.model.__name__}Form", (RecordForm,), fields)


def field_for(record: RecordType, attribute: InstrumentedAttribute[Any]) -> Any:
    """The form field of one attribute of a record type."""
    name, label = attribute.key, record.label_of(attribute.key)
    if name in record.mapper.relationships:
        return _relation_field(record, attribute, label)
    column = record.mapper.columns[name]
    required = not column.nullable and column.default is None and not isinstance(column.type, Boolean)
    validators: list[Any] = [InputRequired(REQUIRED) if required else Optional()]
    if name in LISTED_FIELDS:
        needed = [InputRequired(REQUIRED)] if required else []
        return LISTED_FIELDS[name](label, needed, blank=column.nullable)
    if name in record.choices:
        return OneOfField(label, [], choices=record.choices[name], optional=column.nullable,
                          default=column.default.arg if column.default is not None else None)  # fmt: skip
    if isinstance(column.type, Boolean):
        if column.nullable:
            return YesNoField(label)
        return BooleanField(label, default=column.default.arg if column.default is not None else False)
    if isinstance(column.type, Exact):
        least = 2 if name in {a.key for a in record.money} else 0
        return NumberField(
            label, validators, places=column.type.scale, largest=column.type.largest, least=least
        )
    if isinstance(column.type, Integer):
        return NumberField(label, validators, places=0)
    if isinstance(column.type, UtcDateTime):
        return MomentField(label, validators)
    if isinstance(column.type, Date):
        return DayField(label, validators)
    if required:
        validators = [DataRequired(REQUIRED)]
    default = column.default.arg if column.default is not None and not callable(column.default.arg) else None
    if isinstance(column.type, Text):
        return TextAreaField(label, validators, filters=[stripped], default=default)
    validators.append(Length(max=column.type.length))
    if name == "email":
        validators.append(one_email)
    return StringField(label, validators, filters=[stripped], default=default)


def _relation_field(record: RecordType, attribute: InstrumentedAttribute[Any], label: Any) -> Any:
    relation = attribute.property
    target = relation.mapper.class_
    if relation.uselist:
        return TagsField(label) if attribute.key == TAG_LINKS else _links_field(record, attribute, label)
    column = next(iter(relation.local_columns))
    validators = [Optional()] if column.nullable else [InputRequired(REQUIRED)]
    if target is User:
        return UserField(label, validators)
    other = registry().by_model[target]
    if other.is_setting:
        return SettingField(label, validators, model=target, optional=column.nullable)
    has_client = any(a.key == "client" for a in record.fields)
    return RecordField(label, validators, find=lambda pk: db.session.get(target, pk),
                       choices_url=f"/crm/{other.url_name}/choices",
                       of="client" if has_client and other.of_client else "")  # fmt: skip


def _links_field(record: RecordType, attribute: InstrumentedAttribute[Any], label: Any) -> Any:
    link = record.linked(attribute.key)
    target = link.mapper.class_
    if target is User:
        return UsersField(label)
    return RecordsField(label, [], find=lambda pk: db.session.get(target, pk), link=link.key,
                        choices_url=f"/crm/{registry().by_model[target].url_name}/choices")  # fmt: skip


class SettingField(OneOfField):
    """One of the CRM's own few rows: a status, a relationship type."""

    def __init__(self, label: Any, validators: Any, model: type, optional: bool = False, **kw: Any):
        super().__init__(label, validators, choices=[], optional=optional, validate_choice=False, **kw)
        self.model, self.optional = model, optional

    def iter_choices(self) -> Any:
        rows = db.session.scalars(
            select(self.model).order_by(inspect(self.model).columns.id).limit(MOST_CHOICES)
        )
        if self.optional or not self.data:
            yield Choice("", "–", not self.data, {})
        for row in rows:
            yield Choice(str(row.id), str(row), str(row.id) == self.data, {})

    def process_data(self, value: Any) -> None:
        self.data = str(getattr(value, "id", value) or "")

    def pre_validate(self, form: Any) -> None:
        if self.data and not (
            self.data.isdecimal() and len(self.data) < 10 and db.session.get(self.model, int(self.data))
        ):
            raise ValidationError(_("There is no such choice."))

    def populate_obj(self, obj: Any, name: str) -> None:
        setattr(obj, name, db.session.get(self.model, int(self.data)) if self.data else None)
