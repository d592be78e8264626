"""How long a file of 50,000 clients takes: checked, imported, imported again with changes, and taken back.

    python -m bench.imports [--rows N] [--url postgresql+psycopg://…] [--profile]

Uses a database of its own: a temporary SQLite file, or the empty one at the URL. Says how much memory the process
had at most after each part; the file itself is not held in memory.
"""

import cProfile
import csv
import io
import pstats
import time
from collections.abc import Callable
from typing import Any

from bench._own import arguments, most_memory, own_crm
from crm.extensions import db
from crm.models import ImportRun
from crm.security.visibility import as_system
from crm.services.importing import running, starting
from crm.services.progress import Progress

HEADINGS = ("External ID", "Name", "E-mail", "Phone", "Tax ID", "Street", "Postal code", "City", "Country", "Tags",
            "Internal notes", "First name", "Last name")  # fmt: skip
CITIES = ("Kraków", "Łódź", "Gdańsk", "Antwerpen", "Liège")


def file_of(rows: int, notes: str) -> io.BytesIO:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADINGS)
    for n in range(rows):
        writer.writerow([
            f"c-{n}", f"Workshop {n} sp. z o.o.", f"office@workshop{n}.example", f"+48 {600_000_000 + n}", "",
            f"Main street {n}", "30-001", CITIES[n % 5], "PL", "Fair, New" if n % 2 else "", f"{notes} {n}", "Jan",
            f"Nowak {n}",
        ])  # fmt: skip
    return io.BytesIO(text.getvalue().encode())


def run(rows: int, profile: bool) -> None:
    class Quiet(Progress):
        def __init__(self) -> None:
            self.options: dict[str, Any] = {}
            self.counters: dict[str, Any] = {}

        def progress(self, message: str, done: int = 0, total: int = 0) -> None:
            pass

    def part(label: str, run: ImportRun, ask: Callable[[ImportRun], None]) -> ImportRun:
        number = run.id
        ask(run)
        db.session.commit()
        watch = cProfile.Profile() if profile else None
        began, worked = time.perf_counter(), time.process_time()
        if watch:
            watch.enable()
        running.work_off(Quiet())
        if watch:
            watch.disable()
            pstats.Stats(watch).sort_stats("cumulative").print_stats(45)
        took, cpu = time.perf_counter() - began, time.process_time() - worked
        run = db.session.get_one(ImportRun, number)
        said = f"{run.state} {run.error or ''} {run.counts}"
        print(f"{label:<24} {took:7.1f} s {cpu:7.1f} s CPU {most_memory():6} MB  {said}", flush=True)
        return run

    record = starting.find_record("client")
    first = starting.begin(file_of(rows, "first"), "first.csv", record)
    db.session.commit()
    first = part("check", first, starting.ask_check)
    first = part("import", first, starting.ask_run)
    assert first.counts == {"created": rows}
    again = starting.begin(file_of(rows, "first"), "again.csv", record)
    db.session.commit()
    assert part("the same again", again, starting.ask_run).counts == {"unchanged": rows}
    second = starting.begin(file_of(rows, "second"), "second.csv", record)
    db.session.commit()
    second = part("update", second, starting.ask_run)
    assert second.counts == {"updated": rows}
    part("update taken back", second, starting.ask_revert)
    part("import taken back", first, starting.ask_revert)


def main() -> None:
    parser = arguments(__doc__, 50_000)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    with own_crm(asked) as app, app.app_context(), as_system():
        run(asked.rows, asked.profile)


if __name__ == "__main__":
    main()
