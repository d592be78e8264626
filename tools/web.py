"""The web process of `make run`: brings the database up to date, then serves.

One process does both, so that the application is imported once and a start takes two or three seconds.
"""

import gc
import signal
import sys

gc.disable()  # nothing that loading makes is garbage; looking for it would be a third of the start

import sqlalchemy as sa  # noqa: E402
import waitress  # noqa: E402
from flask import Flask  # noqa: E402
from flask.cli import ScriptInfo, load_dotenv  # noqa: E402

from crm import create_app  # noqa: E402
from crm.collecting import collect_seldom  # noqa: E402

DEMO = ("crm", "demo", "--clients", "200", "--seed", "1")
DEMO_USERS = "admin, office, alice, bob, charlie, vera"


def main(arguments: list[str]) -> None:
    load_dotenv()  # as the `flask` command does by itself
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    app = create_app()
    command(app, "crm", "init")
    collect_seldom()
    if "--demo" in arguments and not users(app):
        load_demo(app)
    introduce(app)
    serve(app)


def end(number: int, frame: object) -> None:
    """Lets requests under way come to their end, undisturbed by further signals."""
    for other in (signal.SIGINT, signal.SIGTERM):
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(0)


def command(app: Flask, *words: str) -> None:
    """`flask WORDS` in this process."""
    app.cli.main(args=list(words), standalone_mode=False, obj=ScriptInfo(create_app=lambda: app))


def users(app: Flask) -> set[str]:
    """Names of all users; on a large installation, of some."""
    engine = sa.create_engine(app.config["SQLALCHEMY_DATABASE_URI"])
    try:
        with engine.connect() as connection:
            return set(connection.scalars(sa.text("SELECT username FROM ab_user ORDER BY id LIMIT 20")))
    finally:
        engine.dispose()


def load_demo(app: Flask) -> None:
    if not app.config["CRM_LOOPBACK"]:
        print(f"No demo data: {app.config['CRM_HOST']} can be reached from other machines.", flush=True)
        return
    print("First start: making demo data (200 clients)", flush=True)
    command(app, *DEMO)


def introduce(app: Flask) -> None:
    known = users(app)
    if not known:
        print('Nobody can sign in yet: .venv/bin/flask crm user add NAME --role Admin --password "…"')
    elif {"alice", "charlie", "vera"} <= known and app.config["CRM_LOOPBACK"]:
        print(f"Demo users: {DEMO_USERS}; password: demo")
    sys.stdout.flush()


def serve(app: Flask) -> None:
    host, port = app.config["CRM_HOST"], app.config["CRM_PORT"]
    waitress.serve(
        app,
        listen=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        threads=8,
        ident=None,
        # behind a proxy its headers are read by the application, which knows how many to trust
        clear_untrusted_proxy_headers=not app.config["CRM_PROXIES"],
    )


if __name__ == "__main__":
    main(sys.argv[1:])
