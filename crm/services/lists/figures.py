"""Figures about records that stand in other tables: how much of a list is done, how long a project took."""

from collections.abc import Sequence
from typing import Any

from crm.extensions import db
from crm.registry import RecordType


def load_figures(record: RecordType, items: Sequence[Any]) -> None:
    """Set the figures of these records, each as an attribute by its name; None where a record has none."""
    for figure in record.figures:
        found = figure.of(db.session, items) if items else {}
        for item in items:
            setattr(item, figure.name, found.get(item.id))
