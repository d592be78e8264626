"""The order of a list by columns of its table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select

from crm.extensions import db


@dataclass(frozen=True)
class Order:
    """The order that was asked for, by `sort` in a `direction`, as expressions; down to one row."""

    by: Sequence[Any]
    sort: str = ""
    direction: str = "asc"

    def page(self, found: Select[Any], limit: int, offset: int = 0) -> Select[Any]:
        """The statement of one page of what was found, in this order."""
        return found.order_by(*self.by).limit(limit).offset(offset)

    def ids(self, found: Select[Any]) -> list[int]:
        """The ids of all that was found, in this order."""
        model = found.column_descriptions[0]["entity"]
        return list(db.session.scalars(found.with_only_columns(model.id).order_by(*self.by)))
