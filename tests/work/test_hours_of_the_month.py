"""What was worked in a month, and what it comes to."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crm.models import Change, WorkTime
from crm.security.visibility import as_system
from crm.services.work.billing import Month, clients, summary

MARCH = Month(2026, 3)
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def entries(system: Any, people: dict[str, int]) -> Any:
    """`entries(client, (hours from nine, length in hours, values))` by Alice, one after the other."""

    def add(client_id: int, *rows: tuple[float, float, dict[str, Any]], user: str = "alice") -> None:
        with system() as session:
            for start, length, values in rows:
                at = NINE + start * HOUR
                session.add(
                    WorkTime(
                        user_id=people[user], client_id=client_id, start=at, end=at + length * HOUR, **values
                    )
                )
            session.commit()

    return add


@pytest.mark.both_engines
def test_by_rate_user_and_project(make_client: Any, sign_in: Any, entries: Any, app: Flask) -> None:
    acme, other = make_client("Acme", assignees=["alice"]), make_client("Other", assignees=["charlie"])
    pln, eur = (
        {"hourly_rate": Decimal("99.99"), "currency": "PLN"},
        {"hourly_rate": Decimal(60), "currency": "EUR"},
    )
    entries(
        acme,
        (0, 1, pln),
        (1, 0.5, {**pln, "approved": True}),
        (2, 1, eur),
        (3, 2, {"billable": False}),
        (5, 1, {}),
    )
    entries(acme, (0, 1, eur), user="bob")
    entries(other, (8, 1, eur))
    # the last hour of February, and one that goes on into April
    entries(acme, (-40, 1, eur), (24 * 29 + 14, 2, eur))
    with app.app_context(), as_system():
        found = summary(MARCH, acme)
        total = found.total
        assert (total.seconds, total.billable, total.not_billable) == (8.5 * 3600, 6.5 * 3600, 2 * 3600)
        assert (total.approved, total.unpriced) == (1800, 3600)
        # 49.995 is 50.00
        assert total.amounts == {"PLN": Decimal("149.99"), "EUR": Decimal("240.00")}
        assert list(found.rates) == [
            (None, ""),
            (Decimal("60.00"), "EUR"),
            (Decimal("99.99"), "PLN"),
        ]
        assert [(user.username, one.seconds) for user, one in found.users] == [
            ("alice", 27000),
            ("bob", 3600),
        ]
        assert [one for one, _sum in found.projects] == [None]
        assert [(client.name, one.seconds) for client, one in clients(MARCH)] == [
            ("Acme", 8.5 * 3600), ("Other", 3600),
        ]  # fmt: skip
    alice = sign_in("alice")
    page = alice.get(f"/crm/work-times/billing?client={acme}&month=2026-03").text
    assert "March 2026" in page and "149.99" in page and "€240.00" in page
    assert "1:00 h are to be billed but have no rate." in page
    assert f"start_from=2026-03-01&amp;start_to=2026-03-31&amp;client={acme}" in page
    shown = alice.get(f"/crm/work-times/list/?client={acme}&start_from=2026-03-01&start_to=2026-03-31").text
    assert "7 records" in shown
    everything = alice.get("/crm/work-times/billing?month=2026-03").text
    assert "Acme" in everything and "Other" not in everything
    assert "No work in this month" in alice.get("/crm/work-times/billing?month=2020-01").text
    assert alice.get(f"/crm/work-times/billing?client={other}").status_code == 404
    for month in ("2026-13", "x", "2026-3", "0001-01", "9999-12", "2026-03-01"):
        assert alice.get(f"/crm/work-times/billing?month={month}").status_code == 404


def test_a_month_begins_in_the_users_zone(
    make_app: Any, make_client: Any, entries: Any, sign_in: Any
) -> None:
    acme = make_client("Acme", assignees=["alice"])
    entries(acme, (24 * 29 + 13.5, 1, {"description": "Late"}))  # 31 March 22:30 in UTC, 1 April in Warsaw
    warsaw = sign_in("alice", make_app(BABEL_DEFAULT_TIMEZONE="Europe/Warsaw"))
    assert "No work" in warsaw.get("/crm/work-times/billing?month=2026-03").text
    assert "No work" not in warsaw.get("/crm/work-times/billing?month=2026-04").text
    assert "Late" in warsaw.get("/crm/work-times/list/?start_from=2026-04-01").text
    assert "Late" not in warsaw.get("/crm/work-times/list/?start_to=2026-03-31").text


def test_approving_a_month(make_client: Any, sign_in: Any, entries: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    entries(acme, (0, 1, {}), (1, 1, {}), (24 * 60, 1, {}))
    url = f"/crm/work-times/approve_month?client={acme}&month=2026-03"
    assert sign_in("alice").post(url).status_code == 403
    assert sign_in("office").post(url).status_code == 302
    with system() as session:
        assert [one.approved for one in session.scalars(select(WorkTime).order_by(WorkTime.id))] == [
            True,
            True,
            False,
        ]
        changes = session.scalars(select(Change).where(Change.action == "update")).all()
        assert len({change.operation_id for change in changes}) == 1


def test_months() -> None:
    assert str(MARCH.moved(-3)) == "2025-12" and str(MARCH.moved(10)) == "2027-01"
    assert MARCH.last_day.isoformat() == "2026-03-31" and Month(2028, 2).last_day.day == 29


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.integers(1, 3600),
            st.decimals(0, 500, places=2),
            st.sampled_from(["PLN", "EUR"]),
            st.booleans(),
        ),
        max_size=20,
    )
)
def test_the_parts_add_up_to_the_cent(app: Flask, people: dict[str, int], rows: Any) -> None:
    with app.app_context(), as_system() as session:
        for entry in session.scalars(select(WorkTime)):
            session.delete(entry)
        session.flush()
        for n, (seconds, rate, currency, billable) in enumerate(rows):
            start = NINE + n * HOUR
            entry = WorkTime(
                user_id=people["alice" if n % 2 else "bob"],
                start=start,
                end=start + timedelta(seconds=seconds),
            )
            entry.hourly_rate, entry.currency, entry.billable = rate, currency, billable
            session.add(entry)
        session.commit()
        found = summary(MARCH)
        wanted: dict[str, Decimal] = {}
        for entry in session.scalars(select(WorkTime)):
            if entry.amount is not None:
                assert abs(entry.amount - entry.hourly_rate * entry.seconds / 3600) <= Decimal("0.005")
                wanted[entry.currency] = wanted.get(entry.currency, Decimal(0)) + entry.amount
        assert found.total.amounts == wanted
        assert found.total.seconds == sum(seconds for seconds, *_rest in rows)
        for parts in (found.rates.items(), found.users, found.projects):
            for currency, amount in wanted.items():
                assert sum(one.amounts.get(currency, Decimal(0)) for _what, one in parts) == amount
