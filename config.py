"""Every setting of the CRM, read from the environment once, when the program starts.

`SETTINGS` is the whole list. `load` reads it and turns it into Flask configuration; a variable that
begins with `CRM_` and is not in the list, or a value that makes no sense, stops the start with one sentence.
"""

import difflib
import hashlib
import hmac
import os
import secrets
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import URL

from environment import (
    POSTGRESQL,
    SQLITE,
    Nonsense,
    address,
    boolean,
    bucket,
    database,
    encryption_keys,
    host,
    host_and_port,
    one_of,
    secret_key,
    text,
    time_zone,
    whole_number,
)

ROOT = Path(__file__).resolve().parent
LOOPBACK = ("localhost", "127.0.0.1", "::1")
EVERYWHERE = ("0.0.0.0", "::")
LANGUAGES = {"en": {"flag": "gb", "name": "English"}, "pl": {"flag": "pl", "name": "Polski"}}

web_address = address("http", "https", example="https://example.com")
smtp_address = address("smtp", "smtps", example="smtp://user:password@host:587?tls=starttls")
imap_address = address("imap", "imaps", example="imaps://user:password@host:993")


@dataclass(frozen=True)
class Setting:
    """One environment variable: its name, what it is for, its default, and how it is read."""

    name: str
    about: str
    default: Any = None
    read: Callable[[str], Any] = text


SETTINGS = (
    Setting("CRM_DATABASE_URL", "database; `sqlite:///file` or `postgresql+psycopg://…`", None, database),
    Setting(
        "CRM_INSTANCE",
        "folder for the SQLite file, uploads and the generated secret key",
        ROOT / "instance",
        Path,
    ),
    Setting(
        "CRM_SECRET_KEY",
        "signs sessions; encrypts sensitive values until they have keys of their own",
        None,
        secret_key,
    ),
    Setting(
        "CRM_ENCRYPTION_KEYS",
        "keys of sensitive values, newest first, separated by commas; else those that `flask crm rotate-key` makes",
        None,
        encryption_keys,
    ),
    Setting("CRM_HOST", "address to listen on", "127.0.0.1", host),
    Setting("CRM_PORT", "port to listen on", 8080, whole_number(1, 65535)),
    Setting("CRM_URL", "address people use, also in links made by jobs", None, web_address),
    Setting("CRM_PROXIES", "how many trusted proxies stand in front", 0, whole_number(0, 10)),
    Setting(
        "CRM_VISIBILITY",
        "which clients a sales rep sees: `own`, `team` or `all`",
        "team",
        one_of("own", "team", "all"),
    ),
    Setting(
        "CRM_FILES_URL",
        "where files lie instead of `CRM_INSTANCE/files`: `s3://key:secret@bucket/folder?endpoint=…&region=…`",
        None,
        bucket,
    ),
    Setting("CRM_UPLOAD_LIMIT_MB", "how large a file may be, in MB", 25, whole_number(1, 1024)),
    Setting("CRM_DELETED_FILES_DAYS", "days that deleted files can be restored", 30, whole_number(1, 3650)),
    Setting("CRM_ID_IMAGES_DAYS", "days that pictures of ID cards are kept", 365, whole_number(1, 3650)),
    Setting(
        "CRM_API_CALLS",
        "calls that each API key, and each user with a token, may make in a minute; 0 for as many as it likes",
        1200,
        whole_number(0, 1_000_000),
    ),
    Setting("CRM_TIMEZONE", "time zone for dates and the nightly jobs", "UTC", time_zone),
    Setting("CRM_LOCALE", "language until a user picks one: `en` or `pl`", "en", one_of(*LANGUAGES)),
    Setting("MAILCHIMP_API_KEY", "Mailchimp key, with its data centre at the end (`…-us21`)"),
    Setting("MAILCHIMP_AUDIENCE_ID", "the audience that clients are synced to"),
    Setting("MAILCHIMP_API_URL", "another address of the Mailchimp API", None, web_address),
    Setting("GUS_API_KEY", "key for company look-ups by NIP"),
    Setting("GUS_API_URL", "another address of the GUS service", None, web_address),
    Setting("VIES_API_URL", "another address of VIES", None, web_address),
    Setting("WHITE_LIST_API_URL", "another address of the Polish VAT white list", None, web_address),
    Setting(
        "PEPPOL_SML_ZONE",
        "another DNS zone of the Peppol directory; every company is asked about then, unless its settings page says no",
        None,
        host,
    ),
    Setting("PEPPOL_DNS", "DNS server for Peppol look-ups, `host:port`", None, host_and_port),
    Setting(
        "PEPPOL_ALLOW_PRIVATE", "let Peppol look-ups use http and private addresses (tests)", False, boolean
    ),
    Setting(
        "CRM_WEBHOOKS_ALLOW_PRIVATE",
        "let webhooks go to http and private addresses",
        False,
        boolean,
    ),
    Setting("SMTP_URL", "outgoing mail", None, smtp_address),
    Setting("IMAP_URL", "incoming mail", None, imap_address),
    Setting("CRM_TEST_POSTGRES_URL", "PostgreSQL for `make test`, instead of one of its own"),
    Setting("CRM_BROWSER", "Chromium for `make test`, where it is not on the PATH"),
    Setting("CRM_SLOW", "run the long tests as well (`make sure SLOW=1` sets it)", False, boolean),
)


def load(environ: Mapping[str, str]) -> dict[str, Any]:
    """Flask configuration for this environment; creates the instance folder and the secret key.

    Own settings stand under their own names; `CRM_FROM_ENVIRONMENT` holds the names of those that were
    set, which pages must not edit. Raises SystemExit with one sentence for what is wrong.
    """
    refuse_unknown(environ)
    given = {s.name: environ[s.name].strip() for s in SETTINGS if environ.get(s.name, "").strip()}
    values = {s.name: read(s, given[s.name]) if s.name in given else s.default for s in SETTINGS}
    if (
        values["MAILCHIMP_API_KEY"]
        and not values["MAILCHIMP_API_URL"]
        and "-" not in values["MAILCHIMP_API_KEY"]
    ):
        raise SystemExit("MAILCHIMP_API_KEY must end with its data centre, such as -us21.")

    instance = values["CRM_INSTANCE"] = values["CRM_INSTANCE"].expanduser().absolute()
    try:
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret = values["CRM_SECRET_KEY"] = values["CRM_SECRET_KEY"] or kept_secret(instance / "secret_key")
    except OSError as error:
        raise SystemExit(f"CRM_INSTANCE: {instance} cannot be used ({error.strerror}).") from None
    values["CRM_DATABASE_URL"] = database_address(values["CRM_DATABASE_URL"], instance)
    values["CRM_URL"] = values["CRM_URL"] or f"http://{display_host(values['CRM_HOST'])}:{values['CRM_PORT']}"
    return {
        **values,
        "CRM_FROM_ENVIRONMENT": frozenset(given),
        "CRM_LOOPBACK": values["CRM_HOST"] in LOOPBACK,
        **flask_settings(values),
        **appbuilder_settings(values),
        "SECRET_KEY": secret,
        "JWT_SECRET_KEY": derived(secret, "jwt"),
    }


def refuse_unknown(environ: Mapping[str, str]) -> None:
    names = [s.name for s in SETTINGS]
    for name in sorted(environ):
        if name.startswith("CRM_") and name not in names:
            near = difflib.get_close_matches(name, names, 1, cutoff=0.8)
            raise SystemExit(
                f"{name} is not a setting of the CRM" + (f"; did you mean {near[0]}?" if near else ".")
            )


def read(setting: Setting, value: str) -> Any:
    try:
        return setting.read(value)
    except Nonsense as error:
        raise SystemExit(f"{setting.name} {error}.") from None


def kept_secret(file: Path) -> str:
    """The key in `file`, made once: of several processes that start together, all get the same one."""
    with suppress(FileNotFoundError):
        return file.read_text()
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(secrets.token_hex(32))
    try:
        with suppress(FileExistsError):
            os.link(draft, file)  # complete or absent, never half written; does not replace
    finally:
        draft.unlink()
    return file.read_text()


def derived(secret: str, purpose: str) -> str:
    """A key of its own for `purpose`, so that one leaked signature says nothing about another."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def database_address(url: URL | None, instance: Path) -> str:
    """The database's address as SQLAlchemy takes it; a relative SQLite path starts at the instance folder."""
    url = url or URL.create(SQLITE, database="crm.db")
    if url.drivername == SQLITE:
        url = url.set(database=str(instance / str(url.database)))
    return url.render_as_string(hide_password=False)


def display_host(name: str) -> str:
    if name in EVERYWHERE:
        return "localhost"
    return f"[{name}]" if ":" in name else name


def trusted_hosts(values: Mapping[str, Any]) -> list[str]:
    """Host names that a request may come in by."""
    names = {urlsplit(values["CRM_URL"]).hostname, *LOOPBACK}
    names.add(
        socket.gethostname().lower() if values["CRM_HOST"] in EVERYWHERE else values["CRM_HOST"].lower()
    )
    return sorted(name for name in names if name)


def flask_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    postgresql = values["CRM_DATABASE_URL"].startswith(POSTGRESQL)
    pool = {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 10} if postgresql else {}
    return {
        "SQLALCHEMY_DATABASE_URI": values["CRM_DATABASE_URL"],
        "SQLALCHEMY_ENGINE_OPTIONS": pool,
        "TRUSTED_HOSTS": trusted_hosts(values),
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": values["CRM_URL"].startswith("https:"),
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=12),
        # of a request: some files at once, and what a form has besides
        "MAX_CONTENT_LENGTH": max(64, 4 * values["CRM_UPLOAD_LIMIT_MB"]) * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 4 * 1024 * 1024,
        "WTF_CSRF_TIME_LIMIT": None,  # a form may stay open as long as its session
        "BABEL_DEFAULT_LOCALE": values["CRM_LOCALE"],
        "BABEL_DEFAULT_TIMEZONE": values["CRM_TIMEZONE"],
        "LANGUAGES": LANGUAGES,
    }


def appbuilder_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Flask-AppBuilder and its companions; databases and permissions are `flask crm init`'s work alone."""
    return {
        "APP_NAME": "CRM",
        "AUTH_TYPE": 1,
        # crm/security/throttling.py limits the API's sign-in as well, and counts failures only
        "AUTH_RATE_LIMITED": False,
        "RATELIMIT_ENABLED": True,
        "RATELIMIT_STORAGE_URI": "database://",
        "FAB_BASE_TEMPLATE": "layout.html",
        "FAB_CREATE_DB": False,
        "FAB_UPDATE_PERMS": False,
        "FAB_ADD_SECURITY_API": False,
        # tables of permissions that nobody reads; roles show theirs
        "FAB_ADD_SECURITY_PERMISSION_VIEW": False,
        "FAB_ADD_SECURITY_VIEW_MENU_VIEW": False,
        "FAB_ADD_SECURITY_PERMISSION_VIEWS_VIEW": False,
        # crm/views/api/openapi.py describes the API instead
        "FAB_ADD_OPENAPI_VIEWS": False,
        # ours is drawn with the page
        "FAB_ADD_MENU_API": False,
        "FAB_API_SWAGGER_TEMPLATE": "swagger.html",
        "FAB_API_MAX_PAGE_SIZE": 200,
        "FAB_API_KEY_ENABLED": True,
        "FAB_API_KEY_PREFIXES": ["crm_"],
        # keys are long and random, so a slow hash would protect nothing and cost 0.1 s a call
        "FAB_API_KEY_HASH_METHOD": "pbkdf2:sha256:1",
        "FAB_PASSWORD_COMPLEXITY_ENABLED": True,
        "FAB_SAFE_REDIRECT_HOSTS": [urlsplit(values["CRM_URL"]).netloc, "localhost:*", "127.0.0.1:*"],
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(minutes=15),
        "JWT_REFRESH_TOKEN_EXPIRES": timedelta(days=1),
    }
