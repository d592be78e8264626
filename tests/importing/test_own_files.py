"""A file that we exported, read again, says of each record what is there: nothing would change."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from flask_appbuilder.security.sqla.models import User
from flask_babel import force_locale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    AttributeOption,
    Client,
    Contact,
    Deal,
    ImportRow,
    Note,
    Product,
    Tag,
    Task,
    TaskList,
)
from crm.models.blanks import trimmed
from crm.registry import registry
from crm.services.attributes.values import set_attributes
from crm.services.clients.as_json import KEPT, TOLD, clients_json, loaded, plain
from crm.services.clients.table import columns
from crm.services.clients.table import rows as rows_of
from crm.services.exporting.clients import prepare_clients
from crm.services.exporting.contacts import prepare_contacts
from crm.services.exporting.export import Export
from crm.services.exporting.records import prepare_records
from crm.services.importing import starting
from crm.services.importing.converting import Converter
from crm.services.importing.guessing import guess
from crm.services.importing.source import open_source
from crm.services.record_json import record_json
from tests.importing.test_client_rows import working
from tests.importing.test_running import do

AWKWARD = ["=1+1", "'=1+1", "+48 600 100 200", "@SUM(A1)", "007", "1.234", "31.12.2026", "a;b|c, d", 'say "yes"',
           "line\nbreak", "Zażółć gęślą jaźń “”–", "x" * 40_000, "TRUE", "'", "hidden", "_x000D_",
           "\t tab"]  # fmt: skip


@pytest.fixture(autouse=True)
def _in_app(prepared: Any) -> Iterator[None]:
    database = prepared("sqlite")
    database.refresh()
    with working(database.app, "admin"):
        yield


def read_again(export: Export, key: str) -> list[dict[str, Any]]:
    """The values of each row of an export, as an import reads them."""
    with export.file() as made:
        file = io.BytesIO(made.read())
    record = registry()[key]
    source = open_source(file, f"x.{export.format}", record=record)
    mapping = guess(source.headings, source.sample(), record)
    converter = Converter(record, mapping, source.options)
    found = []
    for _number, texts in source.rows():
        values, errors = converter.typed(texts)
        assert not errors, errors
        found.append(values)
    assert len(found) == export.count == source.count
    return found


def checked(way: str, prepare: Callable[[str], Export], key: str) -> dict[str, int]:
    """What an import of an export would do, verdict by verdict."""
    file_format, language = way.split("-")
    db.session.commit()
    with force_locale(language), prepare(file_format).file() as file:
        db.session.commit()
        run = starting.begin(file, f"x.{file_format}", registry()[key])
        db.session.commit()
        run = do(run, starting.ask_check)
    odd = [row.details for row in db.session.scalars(select(ImportRow)) if row.verdict != "unchanged"]
    assert run.state == "checked", run.error
    assert not odd
    return dict(run.counts)


def differences(values: dict[str, Any], there: dict[str, Any]) -> dict[str, Any]:
    """What a row would change of what is there."""
    found = {}
    for name, value in values.items():
        had = there.get(name)
        if isinstance(value, dict) and isinstance(had, dict):
            if odd := differences(value, had):
                found[name] = odd
        elif value != had:
            found[name] = (value, had)
    return found


def unset(there: dict[str, Any], values: dict[str, Any]) -> list[str]:
    """What is there and a file of all fields did not say."""
    return [name for name, value in there.items() if value not in (None, "", [], {}) and name not in values]


def export_of(format_and_language: str, prepare: Callable[[str], Export], key: str) -> list[dict[str, Any]]:
    file_format, language = format_and_language.split("-")
    # an export is logged beside what is read
    db.session.commit()
    with force_locale(language):
        rows = prepare(file_format)
        return read_again(rows, key)


EVERY = MultiDict({"archived": "all", "sort": "created_at"})
#: Fields that an export has by the names of other records.
LINKED = ("contact", "next_deal", "task_list", "project")
PREPARE = {"contact": partial(prepare_contacts, MultiDict())}
#: Format and language: of files that are read, and of those of which an import is checked.
READ, CHECKED = ("csv-en", "xlsx-pl"), ("csv-pl", "xlsx-en")
WAYS = (*READ, *CHECKED)


def add_definitions() -> None:
    words = [
        AttributeOption(label=label, position=n)
        for n, label in enumerate(("Gold, white", "Silver", 'Q"x"', "A;B"))
    ]
    for type_ in ("text", "long_text", "number", "integer", "money", "date", "date_time", "yes_no", "link"):
        db.session.add(AttributeDefinition(label=f"My {type_}", key=f"my_{type_}", type=type_,
                                           currency="EUR" if type_ == "money" else None))  # fmt: skip
    db.session.add(AttributeDefinition(label="My words", key="my_words", type="words", options=words))
    db.session.flush()


VALUES = {
    "my_text": "=2", "my_long_text": "a\n\nb", "my_number": "-0.123456", "my_integer": 2_000_000_000,
    "my_money": "1234.5", "my_date": "2026-02-28", "my_date_time": "2026-02-28T10:30:15", "my_yes_no": False,
    "my_link": "https://x.pl/a?b=1", "my_words": ["Gold, white", "A;B", 'Q"x"'],
}  # fmt: skip


def test_awkward_clients() -> None:
    add_definitions()
    users = list(db.session.scalars(select(User).order_by(User.id)))
    for number, text in enumerate(AWKWARD):
        client = Client(name=text[:200].strip(), notes=text.strip(), description=text.strip(), email=f"a{number}@x.pl",
                        phone="0048 (22) 100-20-30", mobile="600 100 200", tax_id="123-456-32-18", regon="012345678",
                        bank=text.strip()[:100], short_name=text.strip()[:90],
                        kind="person" if number % 2 else "company",
                        first_name=text.strip()[:90], stars=number % 4, consent=(None, True, False)[number % 3],
                        language="pl", billing_country="NL", billing_street=text.strip()[:200],
                        billing_postal_code="00-950",
                        use_delivery=bool(number % 2), delivery_city="Łódź", billing_amount=Decimal("1234.50"),
                        billing_currency="EUR", payment_period=0, discount=Decimal("2.25"), sensitive=bool(number % 5),
                        is_buyer=True,
                        archived_at=datetime(2026, 1, 1, tzinfo=UTC) if number % 7 == 0 else None)  # fmt: skip
        client.tags = [Tag(name=f"T{number};x"), Tag(name=f'"q" {number}')]
        client.assignees = users[: number % 3]
        db.session.add(client)
        db.session.flush()
        set_attributes(client, VALUES)
    db.session.commit()
    there = clients_json(loaded(select(Client).order_by(Client.id)))
    for way in READ:
        rows = {
            row["id"]: row
            for row in export_of(way, lambda form: prepare_clients(EVERY, form, "all"), "client")
        }
        for one in there:
            row = rows[one["id"]]
            odd = differences(row, one | {"tags": row.get("tags")})
            assert not odd, (way, odd)
            assert sorted(row["tags"]) == sorted(one["tags"])
            missing = [n for n in unset(one, row) if n not in (*KEPT, *TOLD)]
            # a sheet cannot hold the longest texts
            assert not missing or (len(one["notes"]) > 32_767 and missing == ["notes", "description"]), (
                way,
                missing,
            )
    for way in CHECKED:
        assert checked(way, lambda form: prepare_clients(EVERY, form, "all"), "client") == {
            "unchanged": len(there)
        }


def test_address_books_of_clients() -> None:
    for number, text in enumerate(AWKWARD):
        text = text.strip().replace("\t", " ")
        client = Client(name=text[:200], email=f"a{number}@x.pl", phone="(22) 100-20-30", mobile="600100200",
                        kind="person" if number % 2 else "company", billing_street=text[:200].replace("\n", " "),
                        billing_city="Łódź; a, b\\", billing_country="PL", website="https://x.pl/a;b,c",
                        last_name=text[:90] if number % 2 else None,
                        position="Boss, big" if number % 2 else None)  # fmt: skip
        client.tags = [Tag(name=f"T {number}"), Tag(name=f"x;{number}")]
        db.session.add(client)
        db.session.flush()
        db.session.add(Contact(client=client, last_name=text[:90], email=f"c{number}@x.pl"))
    db.session.commit()
    there = {one["id"]: one for one in clients_json(loaded(select(Client)))}
    for way in ("vcf-en", "vcf-pl"):
        for row in export_of(way, lambda form: prepare_clients(MultiDict(), form, "all"), "client"):
            assert (row.pop("phone"), row.pop("mobile")) == ("+48221002030", "+48600100200")
            assert not differences(row, there[row["id"]]), row
        for row in export_of(way, lambda form: prepare_contacts(MultiDict(), form), "contact"):
            contact = db.session.get_one(Contact, row["id"])
            there_json = record_json(registry()["contact"], contact) | {"id": contact.id}
            # a client may be called as what is not shown
            assert row.pop("client", "hidden") == contact.client.name.strip()
            assert not differences(row, there_json), row
        contacts = checked(way, PREPARE["contact"], "contact")
        clients = checked(way, lambda form: prepare_clients(MultiDict(), form, "all"), "client")
        assert contacts == clients == {"unchanged": len(there)}


def test_moments_are_compared_to_the_second() -> None:
    due = datetime(2026, 3, 1, 10, 30, 15, 123456, tzinfo=UTC)
    db.session.add(Task(client=Client(name="Acme", email="a@x.pl"), title="Call", due=due))
    db.session.commit()
    prepare = partial(prepare_records, registry()["task"], MultiDict())
    assert checked("csv-pl", prepare, "task") == {"unchanged": 1}


def test_records_of_every_type() -> None:
    client = Client(name="=Acme", email="a@x.pl")
    db.session.add(client)
    db.session.flush()
    db.session.add(AttributeDefinition(label="Size", key="size", type="number", applies_to="contact"))
    user = db.session.scalars(select(User).where(User.username == "alice")).one()
    previous, lists = None, [TaskList(name="Twice", client=client), TaskList(name="Twice", client=client)]
    for number, text in enumerate(AWKWARD):
        short = text.strip()[:90]
        contact = Contact(client=client, first_name=short, last_name="Ł", country="BE", phone="22 100 20 30",
                          email=f"a{number}@x.pl", description=text.strip())  # fmt: skip
        contact.tags = [Tag(name=f"C{number}")]
        task = Task(client=client, title=short, description=text.strip(), done=bool(number % 2), priority="high",
                    due=datetime(2026, 3, 1, 10, 30, number, tzinfo=UTC))  # fmt: skip
        db.session.add(contact)
        db.session.flush()
        task.assignees, task.task_list = [user], lists[number % 2]
        deal = Deal(client=client, title="Ring", stage="won", amount=Decimal("1200.50"), currency="PLN", probability=40,
                    expected_close=date(2026, 12, 31), responsible=user, notes=text.strip(), next_deal=previous,
                    contact=contact)  # fmt: skip
        previous = deal
        db.session.add_all([
            task, deal, Note(client=client, text=text.strip(), pinned=True),
            Product(name=short, sku=f"0{number}", sale_price=Decimal("1.2345"), currency="EUR", vat_rate="23",
                    client=client, active=False),
        ])  # fmt: skip
    db.session.flush()
    set_attributes(db.session.scalars(select(Contact)).first(), {"size": "52.5"})
    db.session.commit()
    for key in ("contact", "note", "deal", "task", "product"):
        record = registry()[key]
        there = {item.id: record_json(record, item) for item in db.session.scalars(select(record.model))}
        for way in READ:
            for row in export_of(way, PREPARE.get(key, partial(prepare_records, record, MultiDict())), key):
                assert row.pop("client") == "=Acme"
                assert row.pop("client_id") == client.id
                row.pop("size", None)
                said = {name: value for name, value in row.items() if name not in LINKED}
                assert not differences(said, there[row["id"]]), (way, key)
        for way in CHECKED:
            assert checked(way, PREPARE.get(key, partial(prepare_records, record, MultiDict())), key) == {
                "unchanged": len(there)
            }


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60)
COLUMNS = ("id", "name", "notes", "billing_amount", "is_buyer", "tags")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXTS, TEXTS, st.decimals(-(10**9), 10**9, places=2), st.booleans()), min_size=1, max_size=4),
       st.sampled_from(WAYS))  # fmt: skip
def test_random_clients(given_rows: list[tuple[str, str, Decimal, bool]], way: str) -> None:
    clients = []
    for number, (name, notes, amount, flag) in enumerate(given_rows, 1):
        clients.append(Client(
            id=number, name=trimmed(" ".join(name.split())) or "x", notes=trimmed(notes.replace("\r", "")) or None,
            billing_amount=amount, is_buyer=flag,
        ))  # fmt: skip

    def exported(form: str) -> Export:
        wanted = columns(COLUMNS)
        return Export("x", form, len(clients), [one.label for one in wanted], rows_of(clients, wanted))

    for row, client in zip(export_of(way, exported, "client"), clients, strict=True):
        said = {name: getattr(client, name) for name in COLUMNS if name != "tags"}
        assert not differences(row, said | {"billing_amount": plain(client.billing_amount)})
