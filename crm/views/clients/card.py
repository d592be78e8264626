"""The card of a client: everything about it on one page, in tabs."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import abort, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.declaration_options import GROUPS, TABS
from crm.extensions import db
from crm.models import Client, Contact
from crm.registry import Part, RecordType, registry
from crm.security.manager import may
from crm.security.masking import shown
from crm.services.clients import id_images
from crm.services.clients.card import Box, boxes, later_boxes, sections, users_by_id
from crm.services.clients.photos import find_photo
from crm.services.clients.words import ROLES
from crm.services.duplicates.listing import likely_of
from crm.services.history.log import operation
from crm.views.clients.card_details import details
from crm.views.clients.past import past_card, today
from crm.views.integrations.look_up import register_of
from crm.views.integrations.mailchimp_card import proposals_of
from crm.views.integrations.peppol_card import peppol_of
from crm.views.integrations.vat_card import vat_of
from crm.views.page import client_gone, read_id

DETAILS, TIMELINE = "details", "timeline"


class ClientCard:
    """The card, for `ClientView`."""

    method_permission_name = {"tab": "show", "boxes": "show", "role": "edit"}
    more_routes = frozenset(method_permission_name)

    render: Any
    get_item: Any

    @expose("/show/<pk>")
    @has_access
    def show(self, pk: str) -> Response:
        client = find_client(pk)
        if "as_of" in request.args:
            return past_card(self, read_id(pk), client, request.args["as_of"])
        if client is None:
            client_gone(int(pk))
        name = request.args.get("tab", DETAILS)
        values = self.tab_values(client, name) if name in self.tabs(client) else abort(404)
        return self.render(
            "client/card.html", title=client.name, client=client, additions=additions(client), quick=quick(client),
            photo=find_photo(client.id), likely=likely_of(client.id) if may("merge", "client") else 0,
            email=best_email(client, values.get("boxes", ())), phone=best_phone(client),
            yesterday=(today() - timedelta(days=1)).isoformat(), register=register_of(client), **values,
        )  # fmt: skip

    @expose("/tab/<pk>/<name>")
    @has_access
    def tab(self, pk: str, name: str) -> Response:
        """What stands under one tab, as a fragment."""
        client = self.get_item(pk)
        if name not in self.tabs(client):
            abort(404)
        return self.render("client/_tab.html", client=client, fragment=True, **self.tab_values(client, name))

    @staticmethod
    def tabs(client: Client) -> dict[str, Any]:
        """Name -> words of the card's tabs, in order: those of record types that the user may see."""
        used = {record.tab for record in seen_records()}
        shared = {
            name: tab.label
            for name, tab in TABS.items()
            if name in used and (not tab.only_if or getattr(client, tab.only_if))
        }
        return {DETAILS: _("Details"), **shared, TIMELINE: _("Timeline")}

    def tab_values(self, client: Client, name: str) -> dict[str, Any]:
        """What the template of a tab needs."""
        values = {"tab": name, "tabs": self.tabs(client), "roles": ROLES, "people": {}}
        if name == DETAILS:
            values["boxes"] = boxes(client, *boxed_records())
            values["details"] = details(client)
            values["peppol"] = peppol_of(client)
            values["proposals"] = proposals_of(client)
            values["vat_registers"] = vat_of(client)
            values["id_images"] = id_images.of_client(client) if may("id_images", "client") else None
            values["id_image_sides"] = id_images.SIDE_NAMES
        elif name != TIMELINE:
            found = sections(client, parts_of_tab(name))
            values["boxes"] = [box for box in found if box.rows or has_empty_section(box.part)]
        values["people"] = people_of(client, values.get("boxes", ()))
        return values

    @expose("/boxes/<pk>")
    @has_access
    def boxes(self, pk: str) -> Response:
        """The boxes that the card's first answer left without rows, as a fragment."""
        client = self.get_item(pk)
        found = later_boxes(client, *boxed_records())
        return self.render("client/_later_boxes.html", client=client, boxes=found, tabs=self.tabs(client),
                           people=people_of(client, found))  # fmt: skip

    @expose("/role/<pk>", methods=["POST"])
    @has_access
    def role(self, pk: str) -> Response:
        """Switch one role of a client on or off: buyer, supplier, workshop."""
        client, name = self.get_item(pk), request.form.get("role", "")
        if name not in ROLES or request.form.get("on") not in ("yes", "no"):
            abort(400)
        with operation("change", client_id=client.id):
            setattr(client, name, request.form["on"] == "yes")
            db.session.commit()
        if "HX-Request" in request.headers:
            tab = parse_qs(urlsplit(request.headers.get("HX-Current-URL", "")).query).get("tab", [DETAILS])[0]
            return self.render("client/_role_changed.html", client=client, roles=ROLES, focus=name,
                               tabs=self.tabs(client), tab=tab)  # fmt: skip
        return redirect(url_for("ClientView.show", pk=client.id))


def find_client(pk: str) -> Client | None:
    """The client with this id that the current user sees, or None; 404 for what is no id."""
    return db.session.get(Client, read_id(pk))


def seen_records() -> list[RecordType]:
    """The record types of clients that the current user may see, in order."""
    return [record for record in registry().of_client() if may("list", record.key)]


def boxed_records() -> tuple[list[RecordType], set[str]]:
    """The record types that may have a box, in order, and the keys of those that have it without records too."""
    records = [record for record in seen_records() if record.box]
    return records, {r.key for r in records if r.always_box and may("add", r.key)}


def people_of(client: Client, found: Sequence[Box]) -> dict[int, User]:
    """The users named by the client and by the rows of these boxes."""
    return users_by_id(
        getattr(item, column, None)
        for item in (client, *(row for box in found for row in box.rows or ()))
        for column in ("created_by_id", "changed_by_id", "consent_by_id")
    )


def parts_of_tab(tab: str) -> list[Part]:
    """What a tab lists, one section each: record types, those with kinds by kind."""
    return [part for record in seen_records() if record.tab == tab for part in record.parts]


def has_empty_section(part: Part) -> bool:
    """Whether a tab has a section for this part also where there are no records."""
    return part.kind is None or part.kind.addable or part.kind.always_section


def additions(client: Client) -> list[tuple[Any, list[tuple[Part, str]]]]:
    """What + Add offers to the current user, by groups with their words: what, and the address of its form."""
    groups: dict[str, list[tuple[Part, str]]] = {"": [], **{name: [] for name in GROUPS}}
    for record in registry().of_client():
        if record.addable and "add" in record.actions and may("add", record.key):
            groups[record.group] += [
                (part, url_for(f"{record.model.__name__}View.add", client=client.id, **part.query))
                for part in record.parts
                if part.kind is None or part.kind.addable
            ]
    return [(GROUPS.get(name, ""), entries) for name, entries in groups.items() if entries]


def quick(client: Client) -> list[tuple[Any, str, str]]:
    """The buttons of record types in the card's head: (words, icon, address)."""
    return [
        (words, record.icon, url_for(f"{record.model.__name__}View.{route}", client=client.id))
        for record in registry().of_client()
        for route, words in record.quick.items()
        if may("add", record.key)
    ]


def best_email(client: Client, found: Any) -> str:
    """The address to write to: that of the primary contact, else the client's own; blank where masked."""
    contacts = [row for box in found for row in box.rows or () if isinstance(row, Contact) and row.is_primary]
    for item in (*contacts, client):
        if item.email and shown(item, "email") == item.email:
            return item.email
    return ""


def best_phone(client: Client) -> str:
    """The number to call; blank where there is none or it is masked."""
    for name in ("phone", "mobile", "phone2"):
        number = getattr(client, name)
        if number and shown(client, name) == number:
            return getattr(client, f"{name}_e164") or number
    return ""
