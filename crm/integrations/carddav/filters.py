"""The filter of an addressbook-query (RFC 6352, 10.5), tried on cards as vobject has them."""

from collections.abc import Iterable
from typing import Any

from lxml import etree

from crm.integrations.carddav.xml import c, children, refuse
from crm.models.folding import fold

COLLATIONS = ("i;unicode-casemap", "i;ascii-casemap", "default")
#: Each is tried on each card.
MOST_TESTS = 100
#: match-type -> whether a text is met.
TESTS = {
    "contains": lambda text, sought: sought in text,
    "equals": lambda text, sought: text == sought,
    "starts-with": lambda text, sought: text.startswith(sought),
    "ends-with": lambda text, sought: text.endswith(sought),
}


def check(tested: etree._Element) -> None:
    """Refuse with 403 what a filter asks that we do not know, rather than to answer something else."""
    for match in tested.iter(c("text-match")):
        if match.get("collation", "default") not in COLLATIONS:
            refuse(403, c("supported-collation"))
        if match.get("match-type", "contains") not in TESTS:
            refuse(403, c("supported-filter"))
    if sum(1 for _one in tested.iter()) > MOST_TESTS:
        refuse(403, c("supported-filter"))
    known = {c(name) for name in ("filter", "prop-filter", "param-filter", "text-match", "is-not-defined")}
    if any(isinstance(one.tag, str) and one.tag not in known for one in tested.iter()):
        refuse(403, c("supported-filter"))


def passes(card: Any, tested: etree._Element) -> bool:
    """Whether a card passes a filter."""
    return _together(tested, (_property(card, one) for one in tested.findall(c("prop-filter"))))


def _together(tested: etree._Element, results: Iterable[bool]) -> bool:
    """Results joined as an element says; one that asks nothing lets everything through."""
    found = list(results)
    return not found or (all if tested.get("test") == "allof" else any)(found)


def _property(card: Any, tested: etree._Element) -> bool:
    """Whether any property of this name passes, or none is there where that is asked."""
    lines = card.contents.get((tested.get("name") or "").rpartition(".")[2].lower(), [])
    if tested.find(c("is-not-defined")) is not None:
        return not lines
    return any(_together(tested, (_line(line, one) for one in children(tested))) for line in lines)


def _line(line: Any, tested: etree._Element) -> bool:
    if tested.tag == c("text-match"):
        return _text(_words(line.value), tested)
    values = line.params.get((tested.get("name") or "").upper(), [])
    if tested.find(c("is-not-defined")) is not None:
        return not values
    match = tested.find(c("text-match"))
    return bool(values) and (match is None or any(_text(value, match) for value in values))


def _text(text: str, match: etree._Element) -> bool:
    met = TESTS[match.get("match-type", "contains")](fold(text), fold(match.text or ""))
    return met is not (match.get("negate-condition") == "yes")


def _words(value: Any) -> str:
    """A value as text; names and addresses have parts."""
    if isinstance(value, str):
        return value
    parts = value if isinstance(value, list) else vars(value).values()
    return " ".join(part if isinstance(part, str) else " ".join(part) for part in parts)
