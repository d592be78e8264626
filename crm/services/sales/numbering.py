"""The number series of documents, for showing."""

from datetime import date

from sqlalchemy import select

from crm.extensions import db
from crm.models import NumberSeries, SeriesCounter


def number_series() -> list[NumberSeries]:
    """The number series of all kinds of documents."""
    return list(db.session.scalars(select(NumberSeries).order_by(NumberSeries.id)))


def next_numbers(day: date) -> dict[str, str]:
    """Kind -> what its next document of this day would be numbered."""
    last = dict(db.session.execute(select(SeriesCounter.key, SeriesCounter.last)).all())
    found = {}
    for series in number_series():
        period = series.period_of(day)
        given = last.get(series.key_of(period), series.first_of(period) - 1)
        found[series.kind] = series.written(given + 1, day)
    return found
