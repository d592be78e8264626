"""Values of attributes, as chance will have them."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from crm.demo import words
from crm.models import AttributeDefinition
from crm.models.sealed_values import sealed_columns
from crm.models.types import utc_now


def random_value(
    chance: random.Random, definition: AttributeDefinition, options: Sequence[int]
) -> dict[str, Any]:
    """The columns of a value; none for attributes that are not of the demo's own. options: ids of its words."""
    found = _open_value(chance, definition, options)
    if definition.sensitive and found:
        ((column, value),) = found.items()
        return sealed_columns(column, value)
    return found


def _open_value(
    chance: random.Random, definition: AttributeDefinition, options: Sequence[int]
) -> dict[str, Any]:
    if definition.key == "id_card":
        return {"text": f"ABA {chance.randint(100_000, 999_999)}"}
    if definition.key == "ring_size":
        return {"number": Decimal(chance.randint(46, 66))}
    if definition.key == "loyalty_number":
        return {"text": f"L{chance.randint(10_000, 99_999)}"}
    match definition.type:
        case "word" if options:
            return {"option_id": chance.choice(options)}
        case "words" if options:
            option = chance.choice(options)
            return {"option_id": option, "slot": option}
        case "date":
            return {"day": date(1950, 1, 1) + timedelta(days=chance.randint(0, 20_000))}
        case "integer":
            return {"integer": chance.randint(1, 30)}
        case "yes_no":
            return {"yes": chance.random() < 0.5}
        case "money":
            return {"number": Decimal(chance.randint(2, 120) * 250)}
        case "date_time":
            return {
                "moment": utc_now().replace(minute=0, second=0, microsecond=0)
                + timedelta(hours=chance.randint(0, 400))
            }
        case "link":
            return {"text": f"https://gallery.example.com/look/{chance.randint(100, 999)}"}
        case "long_text":
            return {"text": chance.choice(words.NOTES)}
    return {}
