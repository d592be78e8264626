"""The numbers of issued invoices, with eight who issue at once, those who fail, and those who are killed."""

import subprocess
import sys
import threading

import pytest
from sqlalchemy import select

from crm.extensions import db
from crm.models import Invoice
from crm.security.visibility import as_system
from crm.services.sales.invoicing import issue
from tests.invoices import draft, line
from tools.machine import ROOT

pytestmark = pytest.mark.both_engines


def numbers(session) -> list[str]:
    """The numbers given, in order."""
    given = session.scalars(select(Invoice.number).where(Invoice.state == "issued"))
    return sorted(number.rsplit("/", 1)[1] for number in given)


def all_without_gap(how_many: int) -> list[str]:
    return [f"{number:04}" for number in range(1, how_many + 1)]


def test_eight_at_once_leave_no_gap_and_give_none_twice(app, system, make_client):
    """Eight callers have five drafts each; of each five one is rolled back and one cannot be issued."""
    clients = [make_client(f"Client {place}") for place in range(8)]
    with system():
        drafts = [
            [draft(client, line("-1") if turn == 3 else line()).id for turn in range(5)] for client in clients
        ]
    failed: list[Exception] = []

    def worker(ids: list[int]) -> None:
        for turn, number in enumerate(ids):
            with app.app_context(), as_system() as session:
                try:
                    issue(session.get(Invoice, number))
                    if turn == 1:
                        session.rollback()
                    session.commit()
                except Exception as error:
                    failed.append(error)
                finally:
                    session.remove()

    threads = [threading.Thread(target=worker, args=(ids,)) for ids in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failed) == 8
    assert all("below 0" in str(error.description) for error in failed)
    with system() as session:
        assert numbers(session) == all_without_gap(24)


def test_eight_who_issue_the_same_draft(app, system, make_client):
    client = make_client()
    with system():
        number = draft(client).id
    done: list[bool] = []

    def worker() -> None:
        with app.app_context(), as_system() as session:
            try:
                issue(session.get(Invoice, number))
                session.commit()
                done.append(True)
            except Exception:
                done.append(False)
            finally:
                session.remove()

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False] * 7 + [True]
    with system() as session:
        assert numbers(session) == ["0001"]


ISSUER = """
import sys
from crm import create_app
from crm.models import Invoice
from crm.security.visibility import as_system
from crm.services.sales.invoicing import issue
app = create_app(SQLALCHEMY_DATABASE_URI=sys.argv[1], TESTING=True)
with app.app_context(), as_system() as session:
    invoice = session.get(Invoice, int(sys.argv[2]))
    issue(invoice)
    print(invoice.number, flush=True)
    sys.stdin.readline()
"""


def test_whoever_is_killed_while_issuing_took_no_number(app, system, make_client):
    client = make_client()
    with system():
        first, second = draft(client).id, draft(client).id
    with app.app_context():
        db.engine.dispose()
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    issuer = subprocess.Popen(
        [sys.executable, "-c", ISSUER, url, str(first)], cwd=ROOT, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with issuer as killed:
        assert killed.stdout.readline().strip().endswith("/0001")
        killed.kill()
    with system() as session:
        assert session.get(Invoice, first).status == "draft"
        for number in (second, first):
            issue(session.get(Invoice, number))
            session.commit()
        assert [session.get(Invoice, n).number[-4:] for n in (second, first)] == ["0001", "0002"]
