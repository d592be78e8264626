"""A value of a sensitive attribute as the one text that is encrypted, and back.

The text names the column in which the value would stand openly, `number:12.5`: so a value can be sealed and opened
where it lies, in its row or in any change of the log, whatever type its attribute has by then.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from crm.models.sealing import blind_index

#: The columns of AttributeValue of which one holds a value while it is not sensitive.
OPEN_COLUMNS = ("text", "number", "integer", "day", "moment", "yes", "option_id")


def text_of(column: str, value: Any) -> str:
    """The text that is sealed for a value of a column."""
    if isinstance(value, bool):
        value = "yes" if value else "no"
    elif isinstance(value, Decimal):
        value = format(value.normalize(), "f")
    elif isinstance(value, datetime):
        value = value.astimezone(UTC).isoformat()
    elif isinstance(value, date):
        value = value.isoformat()
    return f"{column}:{value}"


def value_of(text: str) -> tuple[str, Any]:
    """The column and the value of a text that was sealed."""
    column, _colon, value = text.partition(":")
    return column, READERS[column](value)


READERS: Mapping[str, Any] = {
    "text": str,
    "number": Decimal,
    "integer": int,
    "day": date.fromisoformat,
    "moment": datetime.fromisoformat,
    "yes": lambda text: text == "yes",
    "option_id": int,
}


def slot_of(match_key: str) -> int:
    """The slot of a sealed word: told apart from others at its owner, without telling which it is."""
    return int(match_key[:15], 16)


def sealed_columns(column: str, value: Any, of_several: bool = False) -> dict[str, Any]:
    """The columns of a row that holds a value sealed. of_several: whether its attribute has several words."""
    text = text_of(column, value)
    match_key = blind_index(text)
    slot = {"slot": slot_of(match_key)} if of_several else {}
    return {"secret": text, "match_key": match_key, **slot}
