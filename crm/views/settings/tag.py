"""The admin's page of tags: counts, renaming, recolouring, merging two, deleting."""

from flask import flash, redirect, request
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from crm.extensions import db
from crm.models import Tag
from crm.services.clients import tag_admin
from crm.services.lists import listing
from crm.views.forms.fields import ColourField, stripped
from crm.views.forms.form import REQUIRED, RecordForm
from crm.views.records.record import RecordView


class TagForm(RecordForm):
    name = StringField(_l("Name"), [DataRequired(REQUIRED), Length(max=60)], filters=[stripped])
    colour = ColourField(_l("Colour"), default="#e0e7ff")


class TagView(RecordView):
    """The record view of tags."""

    add_form = TagForm
    list_template = "tag/list.html"
    more_routes = frozenset({"merge"})
    method_permission_name = {"merge": "delete"}

    @expose("/list/")
    @has_access
    def list(self) -> Response:
        tags = db.session.scalars(select(Tag).order_by(Tag.name_key)).all()
        clients, contacts = tag_admin.counts()
        return self.render(self.list_template, title=self.record.plural, tags=tags, clients=clients, contacts=contacts,
                           message=listing.complaint(self.record, request.args))  # fmt: skip

    def remove(self, item: Tag) -> None:
        tag_admin.delete_tag(item)

    @expose("/merge/<pk>", methods=["GET", "POST"])
    @has_access
    def merge(self, pk: str) -> Response:
        """Give the clients and contacts of this tag another one instead."""
        tag, error = self.get_item(pk), ""
        others = db.session.scalars(select(Tag).where(Tag.id != tag.id).order_by(Tag.name_key)).all()
        if request.method == "POST":
            target = next((other for other in others if str(other.id) == request.form.get("target")), None)
            if target is not None:
                names = {"name": tag.name, "into": target.name}
                tag_admin.merge_tags(tag, target)
                db.session.commit()
                flash(_("Tag “%(name)s” merged into “%(into)s”.", **names), "success")
                return redirect(self.url("list"))
            error = _("Choose another tag.")
        clients, contacts = (found.get(tag.id, 0) for found in tag_admin.counts())
        return self.render(
            "tag/merge.html", 422 if error else 200, title=_("Merge “%(name)s”", name=tag.name),
            tag=tag, others=others, clients=clients, contacts=contacts, error=error,
        )  # fmt: skip
