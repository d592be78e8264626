"""What 100,000 clients with consent cost: the first sync, a night in which nothing, and one in which 1 % changed.

    python -m bench.mailchimp [--rows N] [--url postgresql+psycopg://…]

Mailchimp is the tests' stand-in in a process of its own; so the seconds are the CRM's work and no waiting for the
real service, whose answers take seconds each. Says calls, seconds, CPU and how much memory the process had at most.
"""

import subprocess
import sys
import time
from datetime import timedelta

from sqlalchemy import insert, update

from bench._own import arguments, most_memory, own_crm
from crm.extensions import db
from crm.integrations.mailchimp.sync import sync
from crm.jobs.runs import run_here, state_of
from crm.models import Client
from crm.models.types import utc_now


def measure(number: int) -> None:
    """One CRM in this process, on the database and the stand-in that it is set up with."""
    clients = Client.__table__

    def part(label: str, **options: bool) -> None:
        began, worked = time.perf_counter(), time.process_time()
        run = run_here("mailchimp", sync, options)
        assert run is not None and state_of(run.id) == ("done", None), run and state_of(run.id)
        took, cpu = time.perf_counter() - began, time.process_time() - worked
        counters = {k: v for k, v in run.counters.items() if k in ("added", "updated", "read")}
        spent = f"{took:>7.1f} s {cpu:>7.1f} s CPU {most_memory():>5} MB"
        print(f"{label:<28}{run.counters['calls']:>6} calls {spent}  {counters}")

    now = utc_now()
    same = {"kind": "person", "consent": True, "version": 1, "stars": 0, "created_at": now, "changed_at": now,
            "status_changed_at": now, "last_name": "Nowak"}  # fmt: skip
    for start in range(0, number, 5000):
        rows = [
            {**same, "name": f"P {n}", "first_name": f"P{n}", "name_key": f"p {n}", "email": f"p{n}@x.example",
             "phone_e164": f"+48{600_000_000 + n}"}
            for n in range(start, min(start + 5000, number))
        ]  # fmt: skip
        db.session.execute(insert(clients), rows)
        db.session.commit()
    print(f"{number} clients, before: {most_memory()} MB")
    part("dry run before the first", dry_run=True)
    part("first run")
    time.sleep(1)
    part("night after (reads it all)")
    db.session.execute(update(clients).where(clients.c.id % 100 == 0).values(last_name="Kos"))
    db.session.commit()
    # as if the night before were long gone: what it read and added is no news any more
    audience = db.metadata.tables["mailchimp_audience"]
    db.session.execute(update(audience).values(read_until=utc_now() + timedelta(minutes=16)))
    db.session.commit()
    part("night with 1 % changed")
    part("full run", full=True)


def main() -> None:
    asked = arguments(__doc__).parse_args()
    command = [sys.executable, "-m", "tests.mailchimp.standin", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().decode().strip()
            with (
                own_crm(
                    asked,
                    MAILCHIMP_API_KEY="0123456789abcdef0123456789abcdef-us21",
                    MAILCHIMP_AUDIENCE_ID="aud1",
                    MAILCHIMP_API_URL=url,
                ) as app,
                app.app_context(),
            ):
                measure(asked.rows)
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
