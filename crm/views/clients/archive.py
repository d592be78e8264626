"""Archiving a client, deleting it into the trash, and the trash itself."""

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.errors import StateConflict
from crm.extensions import db
from crm.models import Client
from crm.models.folding import fold
from crm.registry import Part, RecordType, registry
from crm.security.visibility import including_hidden
from crm.services.clients import archiving, trash
from crm.services.lists.attached import MOST_COUNTED, counts
from crm.views.page import Page, get_client, read_id


class ClientRemoval:
    """Deleting a client, for `ClientView`: a page that says what goes, then the trash."""

    get_item: Any
    render: Any
    url: Any

    @expose("/delete/<pk>", methods=["GET", "POST"])
    @has_access
    def delete(self, pk: str) -> Response:
        client = self.get_item(pk)
        if request.method == "GET":
            return self.render(
                "client/delete.html", title=_("Delete"), client=client, attached=attached(client)
            )
        archiving.move_to_trash(client)
        db.session.commit()
        flash(_("“%(name)s” is in the trash now.", name=client.name), "success")
        return redirect(self.url("list"))


def attached(client: Client) -> list[tuple[RecordType, int | None]]:
    """(record type, number) of everything that a client has; None for more than are counted."""
    records = registry().of_client()
    found = counts(client.id, [Part(record) for record in records])
    return [
        (record, number if number <= MOST_COUNTED else None)
        for record in records
        if (number := found.get(record.key, 0))
    ]


class ArchiveView(Page):
    """Into the archive and back, and the trash."""

    route_base = "/crm/clients"
    class_permission_name = "client"
    method_permission_name = {
        "archive": "edit", "restore": "edit", "trash": "trash", "untrash": "trash", "purge": "purge",
    }  # fmt: skip

    @expose("/archive/<pk>", methods=["POST"])
    @has_access
    def archive(self, pk: str) -> Response:
        client = get_client(pk)
        archiving.archive(client)
        db.session.commit()
        flash(_("“%(name)s” is archived.", name=client.name), "success")
        return redirect(url_for("ClientView.show", pk=client.id))

    @expose("/restore/<pk>", methods=["POST"])
    @has_access
    def restore(self, pk: str) -> Response:
        client = get_client(pk)
        archiving.restore(client)
        db.session.commit()
        flash(_("“%(name)s” is back from the archive.", name=client.name), "success")
        return redirect(url_for("ClientView.show", pk=client.id))

    @expose("/trash/")
    @has_access
    def trash(self) -> Response:
        text = request.args.get("page", "1")
        number = int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 6 else abort(400)
        search = request.args.get("search", "").strip()[:200]
        clients, more = trash.trashed(max(number, 1), search)
        people = trash.deleted_by({client.id for client in clients})
        return self.render("client/trash.html", title=_("Trash"), clients=clients, people=people, search=search,
                           number=max(number, 1), has_next=more)  # fmt: skip

    @expose("/trash/restore/<pk>", methods=["POST"])
    @has_access
    def untrash(self, pk: str) -> Response:
        client = get_trashed(pk)
        archiving.restore_from_trash(client)
        db.session.commit()
        flash(_("“%(name)s” is back from the trash.", name=client.name), "success")
        return redirect(url_for("ClientView.show", pk=client.id))

    @expose("/trash/purge/<pk>", methods=["GET", "POST"])
    @has_access
    def purge(self, pk: str) -> Response:
        client = get_trashed(pk)
        name, typed = client.name, request.form.get("name", "")
        if request.method == "GET" or fold(typed) != fold(name):
            with including_hidden():
                found = attached(client)
            is_wrong = request.method == "POST"
            return self.render(
                "client/purge.html", 422 if is_wrong else 200, title=_("Delete for good"), client=client,
                attached=found, is_wrong=is_wrong, typed=typed,
            )  # fmt: skip
        try:
            trash.purge(client)
            db.session.commit()
        except StateConflict as error:
            db.session.rollback()
            flash(str(error.description), "danger")
            return redirect(url_for("ArchiveView.trash"))
        flash(_("“%(name)s” is gone for good.", name=name), "success")
        return redirect(url_for("ArchiveView.trash"))


def get_trashed(pk: str) -> Client:
    """The client with this id in the trash; 404 otherwise."""
    return trash.find_trashed(read_id(pk)) or abort(404)
