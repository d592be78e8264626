"""What 100,000 clients with consent and tags cost Mailchimp's sync: first runs, and nights of each kind.

    python -m bench.mailchimp [--rows N] [--url postgresql+psycopg://…]

Each run is a process of its own, as a worker is, so that its memory is its own; Mailchimp is the tests' stand-in,
over HTTP, in this process. CPU is the CRM's alone, wall the stand-in's as well; the real service takes seconds for an
answer. Between two runs the service's clock goes on a day. Then come the calls by kind, and what the run counted.
"""

import os
import re
import resource
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, update

from bench._own import arguments, own_crm
from crm import create_app
from crm.collecting import collect_seldom
from crm.extensions import db
from crm.integrations.mailchimp.sync import sync
from crm.jobs.runs import run_here, state_of
from crm.models import Client, ClientTag, Tag
from crm.models.types import utc_now
from crm.security.visibility import as_system
from tests.mailchimp.audience import Audience
from tests.mailchimp.standin import KEY, StandIn

DAY = timedelta(days=1)
CHUNK = 5000
KINDS = {
    "GET /lists/*/members": "reading", "GET /lists/*/members/*": "one member",
    "POST /lists/*": "batches", "PUT /lists/*/members/*": "one sent",
    "GET /lists/*/segments": "tags", "POST /lists/*/segments/*": "tags",
    "PATCH /lists/*/members/*": "one sent", "DELETE /lists/*/members/*": "one sent",
}  # fmt: skip
COUNTED = ("read", "added", "updated", "untagged", "proposed", "opted_out", "errors", "refused")


class Bench:
    """The stand-in here, and a CRM whose runs are processes of their own."""

    def __init__(self, server: StandIn, rows: int):
        self.server, self.rows = server, rows

    def use(self, audience: Audience) -> None:
        """From now on the account has this audience, and the CRM is set up with it."""
        self.server.audience = audience
        os.environ["MAILCHIMP_AUDIENCE_ID"] = audience.list_id

    def part(self, label: str, **options: bool) -> None:
        """One run, a day after the one before."""
        self.server.audience.ahead += DAY
        self.server.forget_calls()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
            told = processes.submit(work, options).result()
        kinds = Counter[str]()
        for call, number in self.server.calls.items():
            kinds[KINDS.get(re.sub(r"/lists/\w+", "/lists/*", call), "others")] += number
        number = sum(self.server.calls.values())
        counters = {name: told["counters"][name] for name in COUNTED if told["counters"].get(name)}
        print(
            f"{label:<34}{number:>6} {told['cpu']:>7.1f} s {told['took']:>7.1f} s {told['before']:>5} MB"
            f" {told['most']:>5} MB  {dict(kinds)} {counters}",
            flush=True,
        )


def work(options: dict[str, bool]) -> dict[str, Any]:
    """A worker's process: one run."""
    app = create_app()
    collect_seldom()
    with app.app_context():
        db.session.connection()
        db.session.rollback()
        before, began, worked = _most_memory(), time.perf_counter(), time.process_time()
        run = run_here("mailchimp", sync, options)
        assert run is not None and state_of(run.id) == ("done", None), run and state_of(run.id)
        took, cpu = time.perf_counter() - began, time.process_time() - worked
    return {"took": took, "cpu": cpu, "before": before, "most": _most_memory(), "counters": run.counters}


def _most_memory() -> int:
    """The most that this process has had, in MB; getrusage would tell of the one that started it as well."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) // 1024  # type: ignore[index]


def add_clients(number: int) -> None:
    """People who agreed, each with two of ten tags."""
    now = utc_now()
    same = {"kind": "person", "consent": True, "version": 1, "stars": 0, "created_at": now, "changed_at": now,
            "status_changed_at": now, "last_name": "Nowak"}  # fmt: skip
    with as_system():
        tags = [Tag(name=f"Tag {n}") for n in range(10)]
        db.session.add_all(tags)
        db.session.commit()
        tag_ids = [tag.id for tag in tags]
    for start in range(1, number + 1, CHUNK):
        numbers = range(start, min(start + CHUNK, number + 1))
        rows = [
            {**same, "id": n, "name": f"P{n} Nowak", "first_name": f"P{n}", "name_key": f"p{n} nowak",
             "email": _email(n), "phone": f"+48{600_000_000 + n}", "phone_e164": f"+48{600_000_000 + n}"}
            for n in numbers
        ]  # fmt: skip
        db.session.execute(insert(Client.__table__), rows)
        links = [{"client_id": n, "tag_id": tag_ids[(n + k) % 10]} for n in numbers for k in (0, 3)]
        db.session.execute(insert(ClientTag.__table__), links)
        db.session.commit()


def _email(number: int) -> str:
    return f"p{number}@x.example"


def full_audience(number: int) -> Audience:
    """The same people as somebody once brought them there: without phones and tags."""
    audience = Audience("aud2")
    audience.merge_fields["COMPANY"] = "text"
    for n in range(1, number + 1):
        fields = {"FNAME": f"P{n}", "LNAME": "Nowak"}
        audience.create(_email(n), {"status": "subscribed", "merge_fields": fields})
    return audience


def measure(bench: Bench) -> None:
    """All parts, one after the other."""
    print(f"{'':<34}{'calls':>6} {'CPU':>9} {'wall':>9} {'before':>8} {'most':>8}")
    hundredth = range(100, bench.rows + 1, 100)
    bench.use(Audience())
    bench.part("dry run before the first", dry_run=True)
    bench.part("first run, empty audience")
    bench.part("night after: the CRM's own news")
    clients, links = Client.__table__, ClientTag.__table__
    db.session.execute(update(clients).where(clients.c.id.in_(hundredth)).values(last_name="Kos"))
    db.session.commit()
    bench.part("night, 1 % changed here")
    bench.part("night after that")
    bench.part("night, nothing changed")
    first_tag = select(func.min(Tag.__table__.c.id)).scalar_subquery()
    db.session.execute(links.delete().where(links.c.client_id.in_(hundredth), links.c.tag_id == first_tag))
    db.session.commit()
    bench.part("night, tags taken off 1 %")
    bench.part("night after that")
    for n in hundredth:
        bench.server.audience.change(_email(n), FNAME="Ewa")
    bench.part("night, 1 % changed there")
    for n in hundredth:
        bench.server.audience.leave(_email(n))
    bench.part("night, 1 % left there")
    bench.part("whole audience read again", full=True)
    bench.use(full_audience(bench.rows))
    bench.part("dry run, full audience", dry_run=True)
    bench.part("first run, full audience")
    bench.part("night after: the CRM's own news")


def main() -> None:
    asked = arguments(__doc__).parse_args()
    with StandIn() as server:
        os.environ |= {"MAILCHIMP_API_KEY": KEY, "MAILCHIMP_API_URL": server.url}
        with own_crm(asked) as app, app.app_context():
            began = time.perf_counter()
            add_clients(asked.rows)
            print(f"clients added: {time.perf_counter() - began:.1f} s", flush=True)
            measure(Bench(server, asked.rows))


if __name__ == "__main__":
    main()
