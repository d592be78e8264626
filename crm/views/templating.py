"""What every template may use beside Flask's own: filters for times and titles, `here()`, the app's name."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, request
from flask_babel import (
    format_date,
    format_datetime,
    format_decimal,
    format_time,
    format_timedelta,
    get_timezone,
    gettext,
    lazy_gettext,
    ngettext,
)

from crm.models.bank_account import grouped
from crm.models.sensitive import MASK
from crm.models.types import utc_now
from crm.models.work_time import LONGEST, clock, span
from crm.registry import registry
from crm.services import markdown
from crm.services.clients.hidden_names import hidden_client_name
from crm.services.files.uploads import largest
from crm.services.iso_lists import country_name
from crm.services.mail.conversations import snippet_of
from crm.services.sales.payments import balances
from crm.views.attributes.box import attribute_box
from crm.views.forms.vat_field import rate_labels, words_of_rate
from crm.views.records.money import money
from crm.views.records.values import cell, file_icon, size_in_words, url_of

_l = lazy_gettext

#: Flask-AppBuilder's titles and menu labels, in plain words.
PLAIN_TITLES = {
    "List Users": _l("Users"),
    "Show User": _l("User"),
    "Add User": _l("New user"),
    "Edit User": _l("Edit user"),
    "List Roles": _l("Roles"),
    "Show Role": _l("Role"),
    "Add Role": _l("New role"),
    "Edit Role": _l("Edit role"),
    "List Groups": _l("Teams"),
    "Show Group": _l("Team"),
    "Add Group": _l("New team"),
    "Edit Group": _l("Edit team"),
    "User's Statistics": _l("Sign-ins"),
    "User Statistics": _l("Sign-ins"),
    "Base Permissions": _l("Permissions"),
    "List Base Permissions": _l("Permissions"),
    "Views/Menus": _l("Protected pages"),
    "List View Menus": _l("Protected pages"),
    "Permission on Views/Menus": _l("Permissions on pages"),
    "List Permissions on Views/Menus": _l("Permissions on pages"),
    "Your user information": _l("Your profile"),
    "Edit User Information": _l("Edit your profile"),
    "Reset Password Form": _l("New password"),
}

_VERBS = ("List ", "Show ")


def plain_title(title: Any) -> str:
    """'Users' for 'List Users', in the user's language; any other title as it is."""
    source = getattr(title, "_args", (title,))[0]
    if source in PLAIN_TITLES:
        return str(PLAIN_TITLES[source])
    text = str(title)
    return next((text.removeprefix(verb) for verb in _VERBS if text.startswith(verb)), text)


def _local(value: datetime) -> datetime:
    """The same moment in the user's time zone; a naive value is taken as UTC."""
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(get_timezone())


def when(value: datetime | None) -> str:
    """A moment as people say it: 'just now', '5 min ago', '14:05', 'yesterday', '21 Nov', '21 Nov 2025'."""
    if value is None:
        return ""
    local = _local(value)
    now = datetime.now(local.tzinfo)
    age = now - local
    if timedelta(0) <= age < timedelta(minutes=1):
        return gettext("just now")
    if timedelta(0) <= age < timedelta(hours=1):
        return gettext("%(minutes)d min ago", minutes=age.seconds // 60)
    if local.date() == now.date():
        return format_time(local, "HH:mm", rebase=False)
    if local.date() == now.date() - timedelta(days=1):
        return gettext("yesterday")
    if local.date() == now.date() + timedelta(days=1):
        return gettext("tomorrow")
    return format_date(local, "d MMM" if local.year == now.year else "d MMM y", rebase=False)


def age(value: datetime) -> str:
    """How long ago a moment was: '3 days'."""
    return took(datetime.now(UTC) - value)


def took(value: timedelta) -> str:
    """How long something took: '3 hours'."""
    return format_timedelta(value, threshold=1.2)


def day(value: date | datetime | None) -> str:
    """A date in the user's way of writing it; a moment is taken to the user's time zone first."""
    if value is None:
        return ""
    return format_date(_local(value) if isinstance(value, datetime) else value, "d MMM y", rebase=False)


def moment(value: datetime | None) -> str:
    """Date and time in full, in the user's time zone."""
    return format_datetime(_local(value), "d MMM y, HH:mm", rebase=False) if value else ""


def duration(seconds: int) -> str:
    """A length of time as hours and minutes: 1:05. Half a minute counts as one."""
    minutes = (seconds + 30) // 60
    return f"{minutes // 60}:{minutes % 60:02d}"


def elapsed(since: datetime) -> int:
    """So many seconds ago, twelve hours at most: then a timer is stopped by itself."""
    return int(min((utc_now() - since), LONGEST).total_seconds())


def month_name(first_day: date) -> str:
    """A month and its year: November 2026."""
    return format_date(first_day, "LLLL y", rebase=False)


def span_to(start: datetime, end: datetime) -> str:
    """From when to when: 22 Nov, 09:00–11:30."""
    return span(start, end)


def event_time(event: Any) -> str:
    """When an event takes place: 24 Nov 2026 · 24 Nov 2026 – 26 Nov 2026 · 22 Nov, 09:00–11:30."""
    if not event.all_day:
        return span(event.start, event.end)
    first, last = day(event.start), day(event.end)
    return first if first == last else f"{first} – {last}"


def here(**changes: Any) -> str:
    """The present address with query parameters changed; None takes one away, a list repeats it."""
    query = request.args.to_dict(flat=False)
    for name, value in changes.items():
        query[name] = [] if value is None else value if isinstance(value, list) else [value]
    pairs = [(name, str(value)) for name, values in query.items() for value in values]
    return request.script_root + request.path + ("?" + urlencode(pairs) if pairs else "")


def is_current_page(url: str) -> bool:
    """Whether a menu entry leads to the page that is shown, or to the list its record stands in."""
    mine, path = url.split("?")[0].rstrip("/"), request.script_root + request.path.rstrip("/")
    section = mine.removesuffix("/list")
    is_section = section != mine or mine.startswith("/crm/")
    return path == mine or (is_section and path.startswith(section + "/"))


def init_app(app: Flask) -> None:
    """Make the filters and globals known to the app's templates."""
    app.jinja_env.filters.update(
        markdown=markdown.render,
        plain_title=plain_title,
        when=when,
        age=age,
        took=took,
        date=day,
        moment=moment,
        is_current_page=is_current_page,
        number=format_decimal,
        money=money,
        vat_rate=words_of_rate,
        duration=duration,
        elapsed=elapsed,
        month_name=month_name,
        clock=clock,
        span_to=span_to,
        event_time=event_time,
        account_number=grouped,
    )
    app.jinja_env.globals.update(
        balances_of=balances,
        attribute_box=attribute_box,
        country_name=country_name,
        here=here,
        ngettext=ngettext,
        mask=MASK,
        money=money,
        cell=cell,
        file_icon=file_icon,
        file_size=size_in_words,
        upload_limit=largest,
        vat_labels=rate_labels,
        url_of=url_of,
        registry_of=lambda item: registry().by_model[type(item)],
        part_of=lambda item: registry().by_model[type(item)].part_of(item),
        hidden_client_name=hidden_client_name,
        snippet_of=snippet_of,
    )

    @app.context_processor
    def appbuilder() -> dict[str, Any]:
        return {"appbuilder": current_app.extensions["appbuilder"]}
