"""Every filter of clients with every other, against a plain Python model of the same clients, on both databases."""

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    AttributeOption,
    Call,
    Client,
    Contact,
    PeppolStatus,
    Status,
    Tag,
    Task,
    VatStatus,
)
from crm.models.folding import fold
from crm.models.types import utc_now
from crm.security.visibility import as_system
from crm.services.attributes.values import set_attributes
from crm.services.clients.filters import FILTERS, filtered

CLIENTS = 60
WARSAW = ZoneInfo("Europe/Warsaw")
NAMES = ("Żółty", "Blue", "Old", "Kraków", "Straße", "River", "Mill", "Nowak")
TAGS = ("Wholesale", "Spring", "Gold")
WORDS = ("Red", "Green", "Blue")
DAYS = [date(2026, 5, 30) + timedelta(days=n) for n in range(6)]
ALERT = 5
#: What Peppol may have said, and the row of it.
PEPPOL: dict[str, dict[str, Any]] = {
    "takes_invoices": {"registered": True, "receives_invoices": True},
    "registered": {"registered": True},
    "not_registered": {"registered": False},
    "unknown": {},
    "not_checked": {},
    "outdated": {"registered": True},
}
#: What registers of VAT may have said; an answer about the number before is none.
REGISTERS = {
    "vies": ("registered", "unknown", "not_checked", "outdated"),
    "white_list": ("active", "struck_off", "unknown"),
}


@dataclass
class Plain:
    """A client as this test knows it."""

    name: str
    kind: str
    status: str | None
    stars: int
    tags: set[str]
    country: str | None
    language: str | None
    roles: set[str]
    assignees: set[str]
    created: datetime
    archived: bool
    in_status_for: int
    consent: bool | None
    tasks: list[int | None]
    contacted: datetime | None
    contact: str | None
    peppol: str | None
    vat: dict[str, str]
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def found_by(self) -> list[str]:
        return [fold(word) for word in f"{self.name} {self.contact or ''}".split()]

    def day(self, moment: datetime) -> date:
        return moment.astimezone(WARSAW).date()


def somebody(chance: random.Random, number: int) -> Plain:
    some = chance.choice

    def moment() -> datetime:
        return datetime.combine(some(DAYS), some([time(0, 5), time(12), time(23, 55)]), WARSAW).astimezone(
            UTC
        )

    values = {
        "text": some([None, "Łódź rings", "lodz", "50% off_", "x" * 250 + "ż"]),
        "long_text": some([None, "First\nłąka", "a" * 300 + "Needle"]),
        "number": some([None, Decimal("-1.5"), Decimal("0"), Decimal("1234.5")]),
        "integer": some([None, -3, 0, 7]),
        "money": some([None, Decimal("0.5"), Decimal("100")]),
        "date": some([None, *DAYS]),
        "date_time": some([None, moment(), moment()]),
        "yes_no": some([None, True, False]),
        "word": some([None, *WORDS]),
        "words": chance.sample(WORDS, chance.randint(0, 3)) or None,
        "link": some([None, "https://a.example/x", "https://b.example"]),
        "hush": some([None, "sesame", "Sésame", "barley"]),
    }
    return Plain(
        name=f"{some(NAMES)} {some(NAMES)} {number}", kind=some(["person", "company"]),
        status=some([None, "new", "vip"]), stars=chance.randint(0, 3),
        tags=set(chance.sample(TAGS, chance.randint(0, 3))),
        country=some([None, "PL", "DE"]), language=some([None, "pl", "de"]),
        roles=set(chance.sample(["buyer", "supplier", "workshop"], chance.randint(0, 3))),
        assignees=set(chance.sample(["alice", "bob"], chance.randint(0, 2))), created=moment(),
        archived=chance.random() < 0.2, in_status_for=some([1, 9]), consent=some([None, True, False]),
        tasks=chance.sample([-1, 3, None], chance.randint(0, 2)), contacted=some([None, moment(), moment()]),
        contact=some([None, "Ewa Łęcka"]), peppol=some([None, *PEPPOL]),
        vat={name: some(states) for name, states in REGISTERS.items()},
        values={key: value for key, value in values.items() if value is not None},
    )  # fmt: skip


def store(
    session: Any, plain: Plain, users: dict[str, User], statuses: dict[str, Status], tags: dict[str, Tag]
) -> None:
    client = Client(
        name=plain.name, kind=plain.kind, stars=plain.stars, billing_country=plain.country, language=plain.language,
        created_at=plain.created, archived_at=utc_now() if plain.archived else None, consent=plain.consent,
        status=statuses[plain.status] if plain.status else None, **{f"is_{role}": True for role in plain.roles},
    )  # fmt: skip
    client.tags = [tags[name] for name in plain.tags]
    client.assignees = [users[name] for name in plain.assignees]
    session.add(client)
    for days in plain.tasks:
        session.add(
            Task(client=client, title="Call", due=None if days is None else utc_now() + timedelta(days))
        )
    session.add(Task(client=client, title="Done", due=utc_now() - timedelta(9), done=True))
    if plain.contacted:
        session.add(Call(client=client, started_at=plain.contacted, notes="Hello"))
    if plain.contact:
        first, last = plain.contact.split()
        session.add(Contact(client=client, first_name=first, last_name=last))
    if plain.peppol:
        client.tax_id = "PL5260250274"
    set_attributes(client, plain.values)
    session.flush()
    if plain.peppol and plain.peppol != "not_checked":
        # an answer about the number that the client had before is none
        basis = "|PL7740001454" if plain.peppol == "outdated" else "|PL5260250274"
        session.add(PeppolStatus(client=client, basis=basis, **PEPPOL[plain.peppol]))
    if plain.peppol:
        for service, state in plain.vat.items():
            if state != "not_checked":
                answer = {"unknown": "", "outdated": "registered"}.get(state, state)
                basis = "PL7740001454" if state == "outdated" else "PL5260250274"
                session.add(VatStatus(client=client, service=service, basis=basis, answer=answer))
    client.status_changed_at = utc_now() - timedelta(days=plain.in_status_for)


Model = Callable[[Plain], bool]


def attribute_filters() -> dict[str, tuple[dict[str, Any], Model]]:
    """A name -> the parameters, and what they leave by the model; of every type and end."""

    def value(key: str, holds: Callable[[Any], bool]) -> Model:
        return lambda c: key in c.values and holds(c.values[key])

    from_, to = "2026-06-01", "2026-06-02"
    begin, end = date(2026, 6, 1), date(2026, 6, 2)
    return {
        "text": ({"attr.text": ["LODZ", "50% off_"]}, value("text", lambda v: fold(v) in ("lodz", "50% off_"))),
        "text, all of a long one": ({"attr.text": "x" * 250 + "z"}, value("text", lambda v: len(v) > 250)),
        "text, not all of it": ({"attr.text": "x" * 250}, lambda c: False),
        "text contains": ({"attr.text.contains": "łódź"}, value("text", lambda v: "lodz" in fold(v))),
        "text contains signs": ({"attr.text.contains": "0% o"}, value("text", lambda v: "0% o" in v)),
        "text contains no joker": ({"attr.text.contains": "_d"}, value("text", lambda v: "_d" in v)),
        "long text": ({"attr.long_text.contains": ["LAKA", "needle"]}, value("long_text", lambda v: True)),
        "number": ({"attr.number": "1 234,5"}, value("number", lambda v: v == Decimal("1234.5"))),
        "number from": ({"attr.number.from": "0"}, value("number", lambda v: v >= 0)),
        "number from to": ({"attr.number.from": "-1.5", "attr.number.to": "0"}, value("number", lambda v: v <= 0)),
        "integer": ({"attr.integer": ["7", "-3"]}, value("integer", lambda v: v != 0)),
        "integer to": ({"attr.integer.to": "0"}, value("integer", lambda v: v <= 0)),
        "money": ({"attr.money.from": "1"}, value("money", lambda v: v >= 1)),
        "date": ({"attr.date": from_}, value("date", lambda v: v == begin)),
        "dates": ({"attr.date.from": from_, "attr.date.to": to}, value("date", lambda v: begin <= v <= end)),
        "day": ({"attr.date_time": from_}, lambda c: "date_time" in c.values and c.day(c.values["date_time"]) == begin),
        "days": ({"attr.date_time.from": from_, "attr.date_time.to": to},
                 lambda c: "date_time" in c.values and begin <= c.day(c.values["date_time"]) <= end),
        "minute": ({"attr.date_time": "2026-06-01T12:00"}, value(
            "date_time", lambda v: v == datetime(2026, 6, 1, 12, tzinfo=WARSAW))),
        "yes": ({"attr.yes_no": "yes"}, value("yes_no", lambda v: v)),
        "no": ({"attr.yes_no": "no"}, value("yes_no", lambda v: not v)),
        "unset is not no": ({"attr.yes_no.set": "no"}, lambda c: "yes_no" not in c.values),
        "word": ({"attr.word": ["red", "Blue"]}, value("word", lambda v: v in ("Red", "Blue"))),
        "words": ({"attr.words": ["Red", "Green"]}, value("words", lambda v: {"Red", "Green"} & set(v))),
        "words set": ({"attr.words.set": "yes"}, value("words", lambda v: True)),
        "words either": ({"attr.words.set": ["yes", "no"]}, lambda c: True),
        "link": ({"attr.link.contains": "A.EXAMPLE"}, value("link", lambda v: "a.example" in v)),
        "sensitive": ({"attr.hush": "sesame"}, value("hush", lambda v: fold(v) == "sesame")),
        "sensitive set": ({"attr.hush.set": "yes"}, value("hush", lambda v: True)),
    }  # fmt: skip


def own_filters() -> dict[str, tuple[dict[str, Any], Model]]:
    """The same of the filters by what every client has."""
    begin, end = date(2026, 6, 1), date(2026, 6, 2)
    far = utc_now().date().isoformat()

    def asked(c: Plain) -> bool:
        return c.kind == "company" and c.peppol is not None

    return {
        "search": ({"search": "zol"}, lambda c: any(w.startswith("zol") for w in c.found_by)),
        "search contact": ({"search": "łęcka ewa"}, lambda c: c.contact is not None),
        "ids": ({"ids": ["1", "2", "30", "40", "41"]}, lambda c: int(c.name.split()[-1]) + 1 in (1, 2, 30, 40, 41)),
        "kind": ({"kind": "person"}, lambda c: c.kind == "person"),
        "status": ({"status": ["vip", "none"]}, lambda c: c.status in ("vip", None)),
        "stars": ({"stars": ["0", "3"]}, lambda c: c.stars in (0, 3)),
        "tags": ({"tags": ["Gold", "spring"]}, lambda c: bool(c.tags & {"Gold", "Spring"})),
        "tags_mode": ({"tags": ["Gold", "Spring"], "tags_mode": "all"}, lambda c: c.tags >= {"Gold", "Spring"}),
        "country": ({"country": "PL"}, lambda c: c.country == "PL"),
        "language": ({"language": ["pl", "de"]}, lambda c: c.language is not None),
        "role": ({"role": ["buyer", "workshop"]}, lambda c: bool(c.roles & {"buyer", "workshop"})),
        "assignee": ({"assignee": "alice"}, lambda c: "alice" in c.assignees),
        "assignee none": ({"assignee": "none"}, lambda c: not c.assignees),
        "created_from": ({"created_from": "2026-06-01"}, lambda c: c.day(c.created) >= begin),
        "created_to": ({"created_to": "2026-06-02"}, lambda c: c.day(c.created) <= end),
        "archived": ({"archived": "all"}, lambda c: True),
        "archived yes": ({"archived": "yes"}, lambda c: c.archived),
        "alert": ({"alert": "yes"}, lambda c: c.status == "new" and c.in_status_for > ALERT and not c.archived),
        "consent": ({"consent": ["no", "unset"]}, lambda c: not c.consent),
        "peppol": ({"peppol": ["registered", "unknown"]},
                   lambda c: c.kind == "company" and c.peppol in ("registered", "takes_invoices", "unknown")),
        "peppol invoices": ({"peppol": "takes_invoices"},
                            lambda c: c.kind == "company" and c.peppol == "takes_invoices"),
        "peppol not": ({"peppol": ["not_registered", "not_checked"]}, lambda c: c.kind == "company" and c.peppol in (
            "not_registered", "not_checked", "outdated")),
        "vies": ({"vies": ["registered", "unknown"]},
                 lambda c: asked(c) and c.vat["vies"] in ("registered", "unknown")),
        "vies not": ({"vies": ["not_registered", "not_checked"]},
                     lambda c: asked(c) and c.vat["vies"] in ("not_checked", "outdated")),
        "white_list": ({"white_list": "struck_off"}, lambda c: asked(c) and c.vat["white_list"] == "struck_off"),
        "next_task": ({"next_task": "none"}, lambda c: not c.tasks),
        "next_task overdue": ({"next_task": "overdue"}, lambda c: -1 in c.tasks),
        "last_contact_before": ({"last_contact_before": "2026-06-02"},
                                lambda c: c.contacted is None or c.day(c.contacted) < end),
        "last_contact_before, long": ({"last_contact_before": far}, lambda c: True),
    }  # fmt: skip


@pytest.mark.both_engines
def test_every_pair(make_app: Any, system: Any) -> None:
    chance = random.Random(5)
    everybody = [somebody(chance, number) for number in range(CLIENTS)]
    with system() as session:
        users = {user.username: user for user in session.scalars(select(User))}
        statuses = {status.code: status for status in session.scalars(select(Status))}
        statuses["new"].alert_days = ALERT
        tags = {name: Tag(name=name) for name in TAGS}
        session.add_all(tags.values())
        for kind in ("text", "long_text", "number", "integer", "money", "date", "date_time", "yes_no", "word", "words",
                     "link"):  # fmt: skip
            definition = AttributeDefinition(label=kind, key=kind, type=kind)
            definition.options = [AttributeOption(label=w, position=n) for n, w in enumerate(WORDS)]
            session.add(definition)
        session.add(AttributeDefinition(label="Hush", key="hush", type="text", sensitive=True))
        session.flush()
        for plain in everybody:
            store(session, plain, users, statuses, tags)
        session.commit()
    by_attributes = attribute_filters()
    filters = own_filters() | by_attributes
    assert {name for params, _model in filters.values() for name in params} >= FILTERS.keys()
    with make_app(BABEL_DEFAULT_TIMEZONE="Europe/Warsaw").test_request_context(), as_system():
        for number, (one, other) in enumerate(itertools.combinations_with_replacement(filters, 2)):
            (first, wanted), (second, wanted_too) = filters[one], filters[other]
            if one != other and first.keys() & second.keys():
                continue
            if one != other and other in by_attributes and number % 4:
                # all of them are of one make: a quarter of their pairs will do
                continue
            params = MultiDict(first | second)
            found = set(db.session.scalars(filtered(params).with_only_columns(Client.name)))
            expected = {
                c.name for c in everybody
                if wanted(c) and wanted_too(c) and ("archived" in params or not c.archived)
            }  # fmt: skip
            assert found == expected, (one, other)
