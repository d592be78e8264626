"""Documents: added several at once, their files replaced, downloaded, seen as thumbnails."""

from collections.abc import Sequence
from typing import Any

from flask import abort, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import MultipleFileField, StringField
from wtforms.validators import Length
from wtforms.widgets import FileInput

from crm.errors import RuleError, TooLarge
from crm.extensions import db
from crm.models import Document
from crm.models.file_kinds import FILE_KINDS, with_ending
from crm.security.manager import may
from crm.services.files.documents import Edition, earlier_editions, set_file
from crm.services.files.uploads import Upload, largest, prepare
from crm.views.forms.fields import stripped
from crm.views.forms.form import REQUIRED, RecordForm
from crm.views.records.file_answers import as_attachment, as_thumbnail
from crm.views.records.record import RecordView


class FilesField(MultipleFileField):
    """Files to be kept; `uploads` are those that can be, known after validation."""

    uploads: list[Upload] = []

    def populate_obj(self, obj: Any, name: str) -> None:
        """The view keeps them."""

    def chosen(self) -> list[Any]:
        return [file for file in self.data or [] if getattr(file, "filename", "")]


ENDINGS = ",".join(f".{ending}" for kind in FILE_KINDS.values() for ending in kind.endings)


def prepared(form: RecordForm, files: list[Any]) -> list[Upload]:
    """What can be kept of what was sent, with messages for the rest."""
    # a large picture takes a second: let go of the database, so that others can write meanwhile
    db.session.rollback()
    uploads = []
    for file in files:
        try:
            uploads.append(prepare(file.stream, file.filename, "files"))
        except (RuleError, TooLarge) as error:
            form.files.errors = [*form.files.errors, str(error.description)]
            form.refused_with = 413 if isinstance(error, TooLarge) else form.refused_with
    return uploads


class DocumentView(RecordView):
    """The record view of documents."""

    form_template = "document/form.html"
    show_template = "document/show.html"
    more_routes = frozenset({"download", "thumbnail"})
    method_permission_name = {"download": "show", "thumbnail": "show"}
    more_fields = {
        "name": StringField(
            _l("Name"),
            [Length(max=200)],
            filters=[stripped],
            description=_l("Blank: the name of the file, as of several at once."),
        ),
        "files": FilesField(_l("Files"), render_kw={"accept": ENDINGS}),
    }

    @expose("/<pk>/download")
    @has_access
    def download(self, pk: str) -> Response:
        """The file of a document, or with `?edition=` one that it had before."""
        document: Document = self.get_item(pk)
        if not (asked := request.args.get("edition")):
            return as_attachment(document.stored_file, document.file_name)
        for edition in earlier_editions(document):
            if str(edition.number) == asked:
                return as_attachment(edition.stored, with_ending(document.name, edition.stored.type))
        return abort(404)

    @expose("/<pk>/thumbnail")
    @has_access
    def thumbnail(self, pk: str) -> Response:
        return as_thumbnail(self.get_item(pk).stored_file)

    def earlier(self, item: Document) -> Sequence[Edition]:
        """The files that a document had, for its page."""
        return earlier_editions(item) if item.edition > 1 else ()

    def make_form(self, item: Document, filled: bool = True) -> RecordForm:
        form = super().make_form(item, filled)
        if request.method == "POST" and filled:
            form.files.process(request.files)
        if item.id is not None:
            form.files.label.text, form.files.widget = _("Replace the file"), FileInput()
            form.name.description = ""
        else:
            form.files.flags.required = True
        form.files.description = _("At most %(n)d MB each.", n=largest() // 1024**2)
        return form

    def is_valid(self, form: RecordForm, item: Document) -> bool:
        super().is_valid(form, item)
        files = form.files.chosen()
        if item.id is None and not files:
            form.files.errors = [REQUIRED]
        if item.id is not None and not form.name.data and "name" in request.form:
            form.name.errors = [REQUIRED]
        if not form.errors:
            form.files.uploads = prepared(form, files)
        elif files:
            form.files.errors = [*form.files.errors, _("Please choose the files again.")]
        return not form.errors

    def fill(self, form: RecordForm, item: Document) -> bool:
        super().fill(form, item)
        first, *others = form.files.uploads
        if others:
            item.name = first.name
        set_file(item, first)
        db.session.add(item)
        for upload in others:
            other = Document(client=item.client, category=item.category, description=item.description)
            set_file(other, upload)
            db.session.add(other)
        return True

    def apply(self, form: RecordForm, item: Document) -> bool:
        if not super().apply(form, item):
            return False
        for upload in form.files.uploads[:1]:
            set_file(item, upload)
        return True

    def url_after(self, item: Document) -> str:
        """The card's tab where documents stand."""
        client = self.client_of(item)
        if client is not None and may("show", "client"):
            return url_for("ClientView.show", pk=client.id, tab=self.record.tab)
        return super().url_after(item)
