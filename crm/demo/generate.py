"""Demo data, made in portions and written set-based: a thousand clients in about two seconds.

The same number and seed give the same data, but for the moments, which count back from now.
"""

import gc
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from crm.demo.basics import add_basics
from crm.demo.clients import ClientMaker
from crm.demo.rows import Rows
from crm.demo.selling import add_products
from crm.extensions import db
from crm.services.table_statistics import refresh_statistics

PORTION = 1_000


def make_demo(count: int, seed: int, progress: Callable[[int], None] = lambda done: None) -> None:
    """Add the demo users, tags and attributes where they are missing, and `count` clients with their records.

    progress is told how many clients are done. Commits after each portion; call it as the system.
    """
    add_basics()
    add_products()
    db.session.commit()
    rows = Rows()
    maker = ClientMaker(random.Random(seed), rows)
    # its files are in the store: from here on they are named by rows
    db.session.commit()
    with _collecting_nothing():
        for number in range(1, count + 1):
            maker.client()
            if number % PORTION == 0 or number == count:
                maker.selling.give_numbers()
                maker.billing.give_numbers()
                rows.write()
                db.session.commit()
                gc.collect()
                progress(number)
    # let the database look at its tables, so that its plans fit them
    refresh_statistics()
    db.session.commit()


@contextmanager
def _collecting_nothing() -> Iterator[None]:
    """While rows are made none is garbage: looking for it over and over is a fifth of the work."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
