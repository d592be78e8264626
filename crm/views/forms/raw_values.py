"""The value of a form's field as one text, to compare, and in words, to tell."""

from datetime import UTC, datetime
from decimal import Decimal

from flask_babel import gettext as _
from wtforms import BooleanField, Field, SelectField, SelectMultipleField


def raw_value(field: Field) -> str:
    """A field's value as one text, the same whether it was typed or loaded."""
    if as_text := getattr(field, "as_text", None):
        return str(as_text())
    value = field.data
    if isinstance(value, list):
        return ",".join(str(v) for v in value)
    if value is None or value is False:
        return ""
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
    return str(value).replace("\r\n", "\n").strip()


def plain_number(value: Decimal | None, least: int = 0) -> str:
    """A number with a point and without the noughts at its end, but with `least` decimals; blank for none."""
    if value is None:
        return ""
    places = max(least, -int(value.normalize().as_tuple().exponent), 0)
    return f"{value:.{places}f}"


def value_in_words(field: Field) -> str:
    """A field's value as people read it: the words of choices, not their ids."""
    if in_words := getattr(field, "in_words", None):
        return str(in_words())
    if isinstance(field, SelectField | SelectMultipleField):
        return ", ".join(
            str(choice.label) for choice in field.iter_choices() if choice.selected and choice.value
        )
    if isinstance(field, BooleanField):
        return _("Yes") if field.data else _("No")
    value = getattr(field, "_value", lambda: "")()
    return str(value).strip()
