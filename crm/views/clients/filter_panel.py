"""What the panel of filters offers: for each filter with choices, its (value, words) in order."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from crm.extensions import db
from crm.models import Tag
from crm.models.client import MAX_STARS
from crm.services.clients.filters import FILTERS, NONE, values_of
from crm.services.clients.statuses import all_statuses
from crm.services.iso_lists import countries, languages
from crm.services.modules import is_on
from crm.views.forms.fields import active_users

Choices = list[tuple[str, Any]]
MOST_TAGS = 500


def choices_of_filters(args: MultiDict[str, str]) -> dict[str, Choices]:
    """Filter name -> its choices; what the address asks for is always among them."""
    found: dict[str, Choices] = {
        name: list(one.words.items()) for name, one in FILTERS.items() if one.words is not None
    }
    if not is_on("tasks"):
        del found["next_task"]
    found["status"] = [*((s.code, s.name) for s in all_statuses()), (NONE, _("No status"))]
    found["stars"] = [
        (str(n), ngettext("%(num)d star", "%(num)d stars", n)) for n in range(MAX_STARS, -1, -1)
    ]
    found["tags"] = [
        (n, n) for n in db.session.scalars(select(Tag.name).order_by(Tag.name_key).limit(MOST_TAGS))
    ]
    found["country"], found["language"] = list(countries()), list(languages())
    found["assignee"] = [
        ("me", _("Me")),
        (NONE, _("Nobody")),
        *((user.username, user.get_full_name()) for user in active_users()),
    ]
    for name, choices in found.items():
        offered = {value for value, _words in choices}
        choices += [(value, value) for value in values_of(args, name) if value not in offered]
    return found
