"""The rows of an import on their way: as they were read, as they are to be written, and what became of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from crm.models.import_run import LONGEST_TITLE, REFUSED

Errors = Mapping[str, list[str]]
#: Key -> the values by which a row's record is known: phones can be several.
Keys = dict[str, frozenset[Any]]


@dataclass(frozen=True)
class Row:
    """One row read from the file: values by their JSON names, and what could not be read, by field."""

    line: int
    values: Mapping[str, Any]
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Item:
    """One row that may be written. given: what it says, as its writer wants it."""

    line: int
    keys: Keys
    given: Any
    title: str = ""

    def marks(self) -> set[int]:
        """Numbers by which rows of one record are told within a file."""
        return {hash((key, value)) for key, values in self.keys.items() for value in values}


@dataclass
class Result:
    """What became of one row. details: errors by field, or names of changed fields."""

    line: int
    verdict: str
    title: str = ""
    item: Any = None
    matched: str = ""
    details: Any = None

    @property
    def record_id(self) -> int | None:
        return self.item if isinstance(self.item, int) else getattr(self.item, "id", None)


class Writer(Protocol):
    """Writes the rows of one record type."""

    def read(self, row: Row) -> Item:
        """What a row says. Raises Invalid with all that is wrong."""

    def prepare(self, items: list[Item]) -> None:
        """Look up, or add, what the rows of a portion name. Flushes."""

    def write(self, items: list[Item]) -> list[Result]:
        """Put rows on their records, found or new, no two of one record. The caller flushes."""


def refused(line: int, errors: Errors, title: str = "") -> Result:
    """The result of a row that is not written."""
    return Result(line, REFUSED, title, details=dict(errors))


def title_of(values: Mapping[str, Any], names: Iterable[str]) -> str:
    """What a row is called before it is a record."""
    found = next((str(values[name]) for name in names if values.get(name)), "")
    return " ".join(found.split())[:LONGEST_TITLE]
