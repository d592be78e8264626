"""The command palette: one box from which every client, record, page and action is a few keys away."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import current_app, g, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from werkzeug.wrappers import Response

from crm.models.folding import fold
from crm.registry import registry
from crm.security.manager import may
from crm.services.clients.recent import recent_clients
from crm.services.search.choosing import client_hint
from crm.services.search.finding import LONGEST, find
from crm.views.page import Page
from crm.views.search import searched
from crm.views.templating import plain_title

PER_TYPE = 5
MOST_RECENT = 6
#: So many pages, and as many actions, match at most.
MOST_COMMANDS = 6

#: What can be done, and pages that stand in no menu: (words, icon, endpoint, permission, of what).
MORE: tuple[tuple[Any, str, str, str, str], ...] = (
    (_l("Merge clients"), "fa-code-merge", "MergeView.index", "merge", "client"),
    (_l("Duplicates"), "fa-clone", "DuplicatesView.index", "merge", "client"),
    (_l("Import"), "fa-upload", "ImportView.index", "import", "client"),
    (_l("Trash"), "fa-trash", "ArchiveView.trash", "trash", "client"),
    (_l("Modules"), "fa-cubes", "SettingsView.modules", "edit", "settings"),
    (_l("Timer"), "fa-stopwatch", "TimerView.show", "add", "work_time"),
    (_l("What was done"), "fa-clock-rotate-left", "OperationView.list", "undo", "operation"),
    (_l("Clients on your phone"), "fa-mobile-screen", "PhonesView.index", "use", "carddav"),
    (_l("API keys"), "fa-key", "ApiKeysView.list", "list", "api_key"),
)


@dataclass(frozen=True)
class Command:
    """A page or an action: its words, what they belong to, its icon and address."""

    label: str
    group: str
    icon: str
    url: str

    def matches(self, words: list[str]) -> bool:
        """Whether each of these folded words begins one of its own."""
        own = fold(f"{self.label} {self.group}").split()
        return all(any(mine.startswith(word) for mine in own) for word in words)


class PaletteView(Page):
    """What stands in the palette for what was typed, as a fragment."""

    route_base = "/crm/palette"
    default_view = "palette"

    @expose("")
    @login_required
    def palette(self) -> Response:
        query = request.args.get("q", "").strip()[:LONGEST]
        words = fold(query).split()
        groups = [(_("Actions"), list(actions())), (_("Pages"), list(pages()))]
        if words:
            groups = [
                (name, [c for c in found if c.matches(words)][:MOST_COMMANDS]) for name, found in groups
            ]
        recent = [] if words or not may("show", "client") else recent_clients(g.user.id, MOST_RECENT)
        return self.render(
            "palette/_entries.html", query=query, commands=[one for one in groups if one[1]], recent=recent,
            groups=find(query, searched(), PER_TYPE), hint=client_hint,
        )  # fmt: skip


def actions() -> Iterator[Command]:
    """What the current user may begin: a new record of each type, and what else can be done."""
    for record in registry():
        if not record.menu or "add" not in record.actions or not may("add", record.key):
            continue
        if record.is_setting and not may("list", record.key):
            # who may only add a tag does so at a client
            continue
        for part in record.parts:
            words = _("New %(label)s", label=str(part.label).lower())
            address = url_for(f"{record.model.__name__}View.add", **part.query)
            yield Command(words, _("Settings") if record.is_setting else "", part.icon, address)
    for label, icon, endpoint, permission, what in MORE:
        if may(permission, what):
            yield Command(str(label), "", icon, url_for(endpoint))


def pages() -> Iterator[Command]:
    """The pages of the menu that open for the current user."""
    builder = current_app.appbuilder  # type: ignore[attr-defined]
    yield Command(_("My day"), "", "fa-house", url_for("StartView.index"))
    for item in builder.menu.get_list():
        for one in item.childs or [item]:
            if one.name != "-" and one.should_render() and builder.sm.has_access("menu_access", one.name):
                group = plain_title(item.label) if item.childs else ""
                yield Command(plain_title(one.label), group, one.icon or "fa-circle-dot", one.get_url())
    yield Command(_("Profile"), "", "fa-user", builder.get_url_for_userinfo)
