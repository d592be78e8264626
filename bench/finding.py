"""How long filters and orders of the client list take.

    python -m bench.finding [--rows N] [--url postgresql+psycopg://…] [--plans]

With 300 attributes, twelve of which most clients have and the others one in a hundred. Prints, as an admin who sees all
clients and as a rep who sees a third, the median of some page, total and board in milliseconds: of CPU on SQLite, of
the clock on PostgreSQL. With `--plans` also how the database finds the rows.
"""

import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import Flask
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import event, insert, select
from werkzeug.datastructures import MultiDict

from bench._own import arguments, own_crm
from crm.extensions import db
from crm.models import AttributeDefinition, AttributeOption, AttributeValue, Client
from crm.models.attribute import text_keys
from crm.models.sealed_values import sealed_columns
from crm.security.visibility import as_system, as_user
from crm.services.clients import listing as client_listing
from crm.services.clients.board import Board
from crm.services.clients.filters import conditions, filtered, names_in
from crm.services.clients.statuses import all_statuses, counts
from crm.services.lists.listing import counted

DENSE = (
    "text",
    "long_text",
    "number",
    "integer",
    "money",
    "date",
    "date_time",
    "yes_no",
    "word",
    "words",
    "link",
)
SPARSE = 288
WORDS = ("Gold", "Silver", "Platinum", "Steel", "Titanium", "Copper", "Brass", "Wood")
PORTION = 20_000
TIMES = 5

QUERIES = (
    "", "sort=name&dir=desc", "sort=stars&dir=desc", "sort=last_activity_at&dir=desc", "sort=status", "sort=country",
    "search=kowalski", "kind=person", "status=vip", "stars=3", "tags=Wholesale", "country=PL", "language=pl",
    "role=workshop", "assignee=none", "assignee=alice", "created_from=2026-10-01", "archived=yes", "alert=yes",
    "consent=no", "next_task=none", "next_task=overdue", "last_contact_before=2026-01-01",
    "attr.text=word 77", "attr.text.contains=d 7", "attr.long_text.contains=needle", "attr.text.contains=nowhere",
    "attr.number=42", "attr.number.from=100&attr.number.to=120", "attr.number.from=0", "attr.integer=7",
    "attr.money.to=500", "attr.date.from=1990-01-01&attr.date.to=1990-12-31", "attr.date_time=2026-03-01",
    "attr.yes_no=yes", "attr.yes_no.set=no", "attr.word=Gold", "attr.words=Gold&attr.words=Silver",
    "attr.link.contains=77", "attr.hush=sesame 77", "attr.s7=x 1", "attr.s7.set=yes", "attr.s7.set=no",
    "attr.word=Gold&attr.yes_no=no&attr.number.from=500&status=vip",
    *(f"sort=attr.{kind}&dir={way}" for kind in DENSE for way in ("asc", "desc")),
    "sort=attr.s7", "sort=attr.number&page=200", "sort=attr.number&search=kowalski", "sort=attr.word&attr.yes_no=yes",
    "sort=attr.number&status=vip&stars=3",
)  # fmt: skip


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--plans", action="store_true")
    asked = parser.parse_args()
    with own_crm(asked, asked.rows) as app:
        with app.app_context(), as_system() as session:
            if (
                session.scalar(select(AttributeDefinition.id).where(AttributeDefinition.key == "hush"))
                is None
            ):
                add_attributes()
        for who in ("admin", "alice"):
            print(f"\n{who:44}{'page':>8}{'total':>8}{'board':>8}")
            for query in QUERIES:
                if "hush" in query and who != "admin":  # a sensitive attribute is not there for a rep
                    continue
                figures = "".join(f"{took:>8.0f}" for took in measured(app, who, query))
                print(f"{query[:43]:44}{figures}", flush=True)
                if asked.plans and query:
                    explain(app, who, query)


def add_attributes() -> None:
    session, chance = db.session, random.Random(1)
    dense = {kind: AttributeDefinition(label=kind, key=kind, type=kind) for kind in DENSE}
    dense["hush"] = AttributeDefinition(label="Hush", key="hush", type="text", sensitive=True)
    for kind in ("word", "words"):
        dense[kind].options = [AttributeOption(label=word, position=n) for n, word in enumerate(WORDS)]
    sparse = [AttributeDefinition(label=f"S{n}", key=f"s{n}", type="text") for n in range(SPARSE)]
    session.add_all([*dense.values(), *sparse])
    session.commit()
    ids = list(session.scalars(select(Client.id)))
    rows: list[dict[str, Any]] = []
    for key, definition in dense.items():
        options = [option.id for option in definition.options]
        rows += [
            {"client_id": i, "definition_id": definition.id, "slot": 0, **some(key, chance, options)}
            for i in ids if chance.random() < (0.98 if key == "yes_no" else 0.7)
        ]  # fmt: skip
    for definition in sparse:
        mine = chance.sample(ids, len(ids) // 100)
        rows += [
            {"client_id": i, "definition_id": definition.id, "slot": 0, **text(f"x {i % 5}")} for i in mine
        ]
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(sorted(row)), []).append(row)
    for some_rows in groups.values():
        for start in range(0, len(some_rows), PORTION):
            session.connection().execute(insert(AttributeValue.__table__), some_rows[start : start + PORTION])
    session.connection().exec_driver_sql("ANALYZE")
    session.commit()
    print(f"{len(rows):,} values of {len(dense) + len(sparse)} attributes")


def text(value: str) -> dict[str, Any]:
    return {"text": value, **text_keys(value)}


def some(kind: str, chance: random.Random, options: list[int]) -> dict[str, Any]:
    """The columns of a value."""
    number = chance.randint(0, 1000)
    match kind:
        case "hush":
            return sealed_columns("text", f"sesame {number}")
        case "text":
            return text(f"Word {number}")
        case "long_text":
            return text(
                "a long story " * 25 + ("with a needle" if number < 20 else "") if number < 200 else "short"
            )
        case "link":
            return text(f"https://a.example/{number}")
        case "number" | "money":
            return {"number": Decimal(number)}
        case "integer":
            return {"integer": number % 30}
        case "date":
            return {"day": date(1950, 1, 1) + timedelta(days=20 * number)}
        case "date_time":
            return {"moment": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=5 * number)}
        case "yes_no":
            return {"yes": number % 2 == 0}
        case "word":
            return {"option_id": chance.choice(options)}
    option = chance.choice(options)
    return {"option_id": option, "slot": option}


def measured(app: Flask, who: str, query: str) -> list[float]:
    """The milliseconds of a page, of its total, and of the board with the same filters."""
    args = MultiDict(part.split("=", 1) for part in query.split("&") if part)
    only = MultiDict([(name, value) for name in names_in(args) for value in args.getlist(name)])
    board = Board(Client, Client.status_id, Client.status_changed_at, client_listing.clients)

    def page() -> None:
        found = client_listing.page_of(args)
        assert not found.message, found.message

    def columns() -> None:
        asked = conditions(only)
        counts(*asked)
        board.first_pages([status.id for status in all_statuses()], asked)

    clock = time.process_time if "sqlite" in app.config["SQLALCHEMY_DATABASE_URI"] else time.perf_counter
    return [
        median(app, who, clock, page),
        median(app, who, clock, lambda: counted(filtered(only))),
        median(app, who, clock, columns),
    ]


def median(app: Flask, who: str, clock: Callable[[], float], work: Callable[[], Any]) -> float:
    took = []
    with app.test_request_context():
        with as_system():
            user = db.session.scalar(select(User).where(User.username == who))
        with as_user(user):
            for _ in range(TIMES):
                db.session.expunge_all()
                begin = clock()
                work()
                took.append(1000 * (clock() - begin))
    return statistics.median(took)


def explain(app: Flask, who: str, query: str) -> None:
    """Print the plans of the statements of one page that ask for clients."""
    told = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT client.id"):
            told.append((statement, parameters))

    args = MultiDict(part.split("=", 1) for part in query.split("&") if part)
    with app.test_request_context():
        with as_system():
            user = db.session.scalar(select(User).where(User.username == who))
        with as_user(user):
            event.listen(db.engine, "before_cursor_execute", note)
            client_listing.page_of(args)
            event.remove(db.engine, "before_cursor_execute", note)
            sqlite = db.engine.dialect.name == "sqlite"
            prefix = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ANALYZE "
            for statement, parameters in told:
                for row in db.session.connection().exec_driver_sql(prefix + statement, parameters):
                    print("      ", row[-1])


if __name__ == "__main__":
    main()
