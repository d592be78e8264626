"""What no database can hold: NUL bytes, lone surrogates, numbers beyond 64 bits, NaN, and JSON nested too deeply."""

import re
from collections.abc import Iterable
from math import isfinite
from typing import Any

from flask_babel import gettext as _

from crm.services.reading import Unreadable

DEEPEST = 32
LARGEST = 2**63 - 1
#: What a text may not contain: PostgreSQL refuses both, SQLite stores them.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def check_texts(texts: Iterable[str]) -> None:
    """Raises Unreadable for a text that cannot be stored."""
    for text in texts:
        if UNSTORABLE.search(text):
            raise Unreadable(_("A text contains a character that cannot be stored."))


def check_json(document: Any) -> None:
    """Raises Unreadable where a parsed document holds what cannot be stored."""
    level: list[Any] = [document]
    for _depth in range(DEEPEST):
        deeper: list[Any] = []
        for value in level:
            if isinstance(value, str):
                check_texts((value,))
            elif isinstance(value, dict):
                check_texts(value)
                deeper.extend(value.values())
            elif isinstance(value, list):
                deeper.extend(value)
            elif isinstance(value, int) and abs(value) > LARGEST:
                raise Unreadable(_("A number is too large."))
            elif isinstance(value, float) and not isfinite(value):
                raise Unreadable(_("A number is not one."))
        if not deeper:
            return
        level = deeper
    raise Unreadable(_("The JSON is nested too deeply."))
