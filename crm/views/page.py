"""A page that belongs to no record type, or shows more than records: the start page, search, settings."""

from typing import Any

from flask import Response, abort
from flask_appbuilder import BaseView
from werkzeug.wrappers import Response as Answer

from crm.extensions import db
from crm.models import Client
from crm.security.manager import may


class Page(BaseView):
    """A view without a model. Its permissions are those of `class_permission_name`."""

    def render(self, template: str, status: int = 200, **values: Any) -> Answer:
        """A page, or a part of one, that knows what the user may do."""
        return Response(self.render_template(template, view=self, may=may, **values), status)


def read_id(text: str) -> int:
    """The id in an address; 404 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else abort(404)


def get_client(pk: str) -> Client:
    """The client with this id, if the current user sees it; 404 otherwise."""
    return db.session.get(Client, read_id(pk)) or abort(404)
