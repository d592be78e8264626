"""The global search: a page by record type, and suggestions under the box at the top."""

from flask import request
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_login import login_required
from werkzeug.wrappers import Response

from crm.registry import RecordType, registry
from crm.security.manager import may
from crm.services.search.choosing import client_hint
from crm.services.search.finding import LONGEST, find
from crm.views.page import Page

PER_TYPE_SUGGESTED = 4


class SearchView(Page):
    """Searching everything that the user may see."""

    route_base = "/crm/search"
    default_view = "search"

    @expose("")
    @login_required
    def search(self) -> Response:
        query = request.args.get("q", "").strip()[:LONGEST]
        groups = find(query, searched())
        return self.render(
            "search/page.html", title=_("Search"), query=query, groups=groups, hint=client_hint,
        )  # fmt: skip

    @expose("/suggest")
    @login_required
    def suggest(self) -> Response:
        """The first hits of each type, as a fragment."""
        query = request.args.get("q", "").strip()[:LONGEST]
        groups = find(query, searched(), PER_TYPE_SUGGESTED)
        return self.render("search/_suggestions.html", query=query, groups=groups, hint=client_hint)


def searched() -> list[RecordType]:
    """The record types in which the current user may search."""
    return [r for r in registry() if r.search and not r.is_setting and may("list", r.key)]
