"""Values of attributes, as chance will have them."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from crm.demo import words
from crm.models import AttributeDefinition


def random_value(
    chance: random.Random, definition: AttributeDefinition, options: Sequence[int]
) -> dict[str, Any]:
    """The columns of a value; none for attributes that are not of the demo's own. options: ids of its words."""
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
        case "secret":
            return {"secret": f"ABA {chance.randint(100_000, 999_999)}"}
        case "long_text":
            return {"text": chance.choice(words.NOTES)}
    return {}
