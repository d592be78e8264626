"""`flask crm reindex` derives what was derived before, whatever became of it."""

from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from crm.models import Contact, Note, SearchEntry, TimelineEntry
from crm.models.types import utc_now

pytestmark = pytest.mark.both_engines

words, entries = SearchEntry.__table__, TimelineEntry.__table__
WORDS = [c for c in words.c if c.name != "id"]
ENTRIES = [c for c in entries.c if c.name != "id"]


@pytest.fixture
def filled(make_client: Any, system: Any) -> None:
    client = make_client("Żółty Młyn", assignees=["alice"], phone="+48 22 123-45-67", sensitive=True)
    make_client("Acme", deleted_at=utc_now())
    with system() as session:
        session.add(Contact(client_id=client, first_name="Ewa", last_name="Wąsik", mobile="601 202 303"))
        session.add(Note(client_id=client, text="likes espresso"))
        session.commit()


def derived(system: Any) -> tuple[set[Any], set[Any]]:
    with system() as session:
        connection = session.connection()
        return set(connection.execute(select(*WORDS))), set(connection.execute(select(*ENTRIES)))


def reindex(app: Any) -> str:
    done = app.test_cli_runner().invoke(args=["crm", "reindex"])
    assert done.exit_code == 0, done.output
    return done.output


def test_nothing_changes_when_all_is_well(app: Any, filled: None, system: Any) -> None:
    before = derived(system)
    assert before[0]
    assert before[1]
    assert "Clients: 2" in reindex(app)
    assert derived(system) == before


def test_missing_wrong_and_orphaned_entries_are_put_right(app: Any, filled: None, system: Any) -> None:
    before = derived(system)
    with system() as session:
        connection = session.connection()
        connection.execute(delete(words).where(words.c.table_name == "note"))
        connection.execute(update(words).where(words.c.table_name == "client").values(words="wrong"))
        gone = {"title": "gone", "name_key": "gone", "words": "gone", "secret_words": ""}
        connection.execute(insert(words).values(table_name="note", row_id=4711, **gone))
        connection.execute(insert(words).values(table_name="nothing", row_id=1, **gone))
        session.commit()
    reindex(app)
    assert derived(system)[0] == before[0]


def test_it_is_found_again(app: Any, filled: None, system: Any, sign_in: Any) -> None:
    with system() as session:
        session.connection().execute(delete(words))
        session.commit()
    alice = sign_in("alice")
    assert "likes espresso" not in alice.get("/crm/search?q=espr").text
    reindex(app)
    assert "likes espresso" in alice.get("/crm/search?q=espr").text
