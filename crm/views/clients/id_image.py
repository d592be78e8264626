"""Pictures of ID cards, for those with the permission: added, looked at, deleted."""

from datetime import date
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import FileField
from wtforms.validators import ValidationError

from crm.errors import CannotStore, RuleError, TooLarge
from crm.extensions import db
from crm.models import Client, IdImage
from crm.models.types import today
from crm.services.clients import id_images
from crm.services.files.uploads import Upload, prepare
from crm.views.forms.fields import DayField
from crm.views.forms.form import REQUIRED, RecordForm
from crm.views.page import Page, get_client, read_id
from crm.views.records.file_answers import as_picture, as_thumbnail


class IdImageForm(RecordForm):
    """Both sides of a card at once, or one picture."""

    front = FileField(_l("Front side"), render_kw={"accept": "image/*"})
    back = FileField(_l("Back side"), render_kw={"accept": "image/*"})
    other = FileField(_l("Other picture"), render_kw={"accept": "image/*"})
    kept_until = DayField(
        _l("Keep until"), description=_l("After this day the pictures are removed for good.")
    )

    def validate_kept_until(self, field: Any) -> None:
        if field.data is None:
            raise ValidationError(REQUIRED)
        if not today() <= field.data <= date(9000, 1, 1):
            raise ValidationError(_("A day from today on, please."))


class IdImageView(Page):
    """Each picture is shown by a page of its own, which writes down who looked."""

    route_base = "/crm/id-images"
    class_permission_name = "client"
    method_permission_name = dict.fromkeys(("add", "show", "thumbnail", "delete"), "id_images")

    @expose("/add/<pk>", methods=["GET", "POST"])
    @has_access
    def add(self, pk: str) -> Response:
        client = get_client(pk)
        form = IdImageForm(request.form if request.method == "POST" else None)
        if request.method == "POST":
            for field in (form.front, form.back, form.other):
                field.process(request.files)
            form.validate()
            if not form.errors and self.save(client, form):
                flash(_("Pictures of the ID card saved."), "success")
                return redirect(card(client.id))
            return self.page(client, form, form.refused_with)
        form.kept_until.data = id_images.last_day()
        return self.page(client, form)

    def page(self, client: Client, form: IdImageForm, status: int = 200) -> Response:
        return self.render("id_image/form.html", status, title=_("ID card"), client=client, form=form,
                           back=card(client.id))  # fmt: skip

    def save(self, client: Client, form: IdImageForm) -> bool:
        """Keep what was sent, or say at its field why not."""
        uploads = self.prepared(form)
        if form.errors:
            return False
        try:
            for side, upload in uploads.items():
                id_images.add(client, side, upload, form.kept_until.data)
            db.session.commit()
        except CannotStore as error:
            db.session.rollback()
            form.form_errors.append(str(error.description))
            form.refused_with = error.code
            return False
        return True

    @staticmethod
    def prepared(form: IdImageForm) -> dict[str, Upload]:
        """Side -> picture, with messages for what is none."""
        # a large picture takes a second: let go of the database, so that others can write meanwhile
        db.session.rollback()
        found = {}
        for field in (form.front, form.back, form.other):
            if not getattr(field.data, "filename", ""):
                continue
            try:
                found[field.name] = prepare(field.data.stream, field.data.filename, only_pictures=True)
            except (RuleError, TooLarge) as error:
                field.errors = [str(error.description)]
                form.refused_with = 413 if isinstance(error, TooLarge) else form.refused_with
        if not found and not form.errors:
            form.front.errors = [_("Please choose at least one picture.")]
        return found

    @expose("/show/<pk>")
    @has_access
    def show(self, pk: str) -> Response:
        image = get_image(pk)
        id_images.note_view(image, "full")
        return as_picture(image.stored_file)

    @expose("/thumbnail/<pk>")
    @has_access
    def thumbnail(self, pk: str) -> Response:
        image = get_image(pk)
        id_images.note_view(image, "thumbnail")
        return as_thumbnail(image.stored_file)

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Response:
        image = get_image(pk)
        client_id = image.client_id
        db.session.delete(image)
        db.session.commit()
        flash(_("Picture of the ID card deleted."), "success")
        return redirect(card(client_id))


def get_image(pk: str) -> IdImage:
    """The picture with this id at a client that the user sees; 404 otherwise."""
    return db.session.get(IdImage, read_id(pk)) or abort(404)


def card(client_id: int) -> str:
    return url_for("ClientView.show", pk=client_id)
