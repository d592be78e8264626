"""A page that belongs to no record type, or shows more than records: the start page, search, settings."""

from typing import Any, NoReturn

from flask import Response, abort, flash, redirect, request, url_for
from flask_appbuilder import BaseView
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from crm.extensions import db
from crm.models import Client, Contact
from crm.security.manager import may
from crm.services.clients.redirects import find_target


class Page(BaseView):
    """A view without a model. Its permissions are those of `class_permission_name`."""

    def render(self, template: str, status: int = 200, **values: Any) -> Answer:
        """A page, or a part of one, that knows what the user may do."""
        return Response(self.render_template(template, view=self, may=may, **values), status)


def read_id(text: str) -> int:
    """The id in an address; 404 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else abort(404)


def get_client(pk: str) -> Client:
    """The client with this id, if the current user sees it; 404 otherwise, or a way to what it was merged into."""
    return db.session.get(Client, read_id(pk)) or client_gone(int(pk))


def client_gone(number: int) -> NoReturn:
    """Lead to the client that this one was merged into; 404 where there is none."""
    target = find_target(number)
    if target is None:
        abort(404)
    lead_on(Client, target)


def lead_on(model: type[Client] | type[Contact], number: int) -> NoReturn:
    """Lead from a page of what was merged away to the same page of what it was merged into.

    What was typed into its form goes along, and the form tells the two apart field by field. No other change does: 404.
    """
    if request.method not in ("GET", "HEAD") and request.endpoint != f"{model.__name__}View.edit":
        abort(404)
    if request.method == "POST":
        flash(_("It was merged into %(name)s meanwhile.", name=db.session.get(model, number)), "warning")
    there = {**(request.view_args or {}), "pk": number, **request.args.to_dict(flat=False)}
    path = url_for(str(request.endpoint), **there)
    abort(redirect(path, 308 if request.method == "POST" else 301))
