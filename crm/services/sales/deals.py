"""Deals on their board: what each stage is worth, and moving a deal to another stage."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import BigInteger, Select, func, select, type_coerce
from sqlalchemy.orm import selectinload

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import Deal
from crm.models.deal import STAGES
from crm.services.history.log import operation

#: Sums are made of two parts, since the sum of very large amounts would overflow.
PART = 1_000_000


@dataclass
class Worth:
    """The deals of one stage: how many, and the sum of their amounts by currency."""

    count: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)


def worth_of_stages(asked: Sequence[Any]) -> dict[str, Worth]:
    """Stage -> what its deals that meet the conditions and that the viewer sees are worth. One statement."""
    amount = type_coerce(Deal.amount, BigInteger)
    rows = db.session.execute(
        select(
            Deal.stage, Deal.currency, func.count(Deal.id), func.count(Deal.amount),
            func.sum(amount // PART), func.sum(amount % PART),
        )
        .where(*asked)
        .group_by(Deal.stage, Deal.currency)
        .order_by(Deal.currency)
    )  # fmt: skip
    found: dict[str, Worth] = defaultdict(Worth)
    scale = Deal.amount.type.scale
    for stage, currency, count, with_amount, large, small in rows:
        found[stage].count += count
        if with_amount:
            found[stage].sums[currency] = Decimal(int(large) * PART + int(small)).scaleb(-scale)
    return {stage: found[stage] for stage in STAGES}


def deals(statement: Select[Any]) -> list[Deal]:
    """The deals of a statement with their clients and the users responsible: three queries, however many."""
    return list(
        db.session.scalars(statement.options(selectinload(Deal.client), selectinload(Deal.responsible)))
    )


def move_deal(deal: Deal, stage: str, expected: str | None = None) -> None:
    """Put a deal into another stage; the caller commits.

    expected: the stage that the user saw. Raises StateConflict where somebody has moved it since, and RuleError
    where there is no such stage.
    """
    db.session.refresh(deal, with_for_update={"of": Deal})
    if stage not in STAGES:
        raise RuleError(_("There is no such stage."), field="value")
    if expected is not None and deal.stage not in (expected, stage):
        raise StateConflict(_("Somebody has moved it meanwhile."))
    with operation("deal.stage", client_id=deal.client_id):
        deal.stage = stage
        db.session.flush()
