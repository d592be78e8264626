"""What the scripts here share: how they are called, and a CRM of their own to measure."""

import logging
import os
import resource
import tempfile
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from crm import create_app
from crm.collecting import collect_seldom
from crm.demo.generate import make_demo
from crm.extensions import db
from crm.models import Client
from crm.security.visibility import as_system
from crm.services.setup import initialise


def arguments(about: str | None, rows: int = 100_000) -> ArgumentParser:
    """`--rows` and `--url`; a script may add its own."""
    parser = ArgumentParser(description=about, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=rows, help=f"how many, {rows:,} where nothing is said")
    parser.add_argument(
        "--url", help="a PostgreSQL database, empty or left by such a run; else a new SQLite file"
    )
    return parser


@contextmanager
def own_crm(asked: Namespace, demo: int = 0, **settings: Any) -> Iterator[Flask]:
    """A CRM in a folder of its own, set up, with so many clients of demo data where its database has none."""
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as folder:
        os.environ["CRM_INSTANCE"] = folder
        if asked.url:
            os.environ["CRM_DATABASE_URL"] = asked.url
        logging.disable(logging.WARNING)
        app = create_app(WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False, **settings)
        collect_seldom()  # as the processes do that serve and work
        with app.app_context(), as_system() as session:
            initialise()
            if demo and not session.scalar(select(func.count(Client.id))):
                began = time.perf_counter()
                make_demo(demo, 1, lambda done: None)
                print(f"{demo:,} clients of demo data: {time.perf_counter() - began:.1f} s", flush=True)
            print(f"{db.engine.dialect.name}, {asked.rows:,} rows", flush=True)
        yield app


def signed_in(app: Flask, name: str) -> FlaskClient:
    """The browser of a user of the demo data."""
    browser = app.test_client()
    browser.post("/login/", data={"username": name, "password": "demo"})
    return browser


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What a piece of work gives, and how many seconds it took with its commit."""
    began = time.perf_counter()
    result = work()
    db.session.commit()
    return result, time.perf_counter() - began


def most_memory() -> int:
    """The most that this process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
