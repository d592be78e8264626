"""What is asked before many clients are changed: one small form for each change that needs a value."""

from typing import Any

from flask import request
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select
from werkzeug.datastructures import FileStorage, MultiDict
from wtforms import FileField, Form, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from crm.extensions import db
from crm.models.client import MAX_STARS
from crm.registry import registry
from crm.services.bulk.values import LONGEST, RESPONSIBLE
from crm.services.clients.filters import CONSENT_NAMES
from crm.services.clients.statuses import offered
from crm.services.files import store as file_store
from crm.services.files.uploads import largest, prepare
from crm.views.forms.fields import MomentField, active_users, stripped
from crm.views.forms.form import REQUIRED
from crm.views.forms.tags_field import TagsField
from crm.views.records.document import ENDINGS

NEEDED = InputRequired(REQUIRED)


class BulkForm(Form):
    """The form of a change that needs nothing said."""

    form_errors: Any
    #: Whether it depends on what is said which clients are changed.
    decides = False

    def said(self) -> Any:
        """What the form says, as the value of the change."""
        return None

    def complain(self, message: str, name: str | None) -> None:
        """Put a message at its field, or above the form."""
        field = self._fields.get(name or "")
        if field is None:
            self.form_errors = [*self.form_errors, message]
        else:
            field.errors = [*field.errors, message]


class ValueForm(BulkForm):
    """A form of one field, with nothing chosen beforehand."""

    decides = True

    def said(self) -> Any:
        return self._fields["value"].data


class StatusForm(ValueForm):
    value = SelectField(_l("New status"), [NEEDED])

    def __init__(self, *args: Any, **kw: Any):
        super().__init__(*args, **kw)
        statuses = [(str(status.id), status.name) for status in offered()]
        self.value.choices = [("", _("Choose …")), *statuses, ("none", _("No status"))]


class StarsForm(ValueForm):
    value = SelectField(_l("Stars"), [NEEDED])

    def __init__(self, *args: Any, **kw: Any):
        super().__init__(*args, **kw)
        words = [(str(n), ngettext("%(num)d star", "%(num)d stars", n)) for n in range(MAX_STARS, 0, -1)]
        self.value.choices = [("", _("Choose …")), *words, ("0", _("No stars"))]


class ConsentForm(ValueForm):
    value = SelectField(_l("Marketing consent"), [NEEDED])

    def __init__(self, *args: Any, **kw: Any):
        super().__init__(*args, **kw)
        self.value.choices = [("", _("Choose …")), *CONSENT_NAMES.items()]


class TagsForm(ValueForm):
    value = TagsField(_l("Tags"), [NEEDED])


class TagsThereField(TagsField):
    """Tags that are there already."""

    def __call__(self, **kw: Any) -> Any:
        return SelectMultipleField.__call__(self, **kw)


class TagsOffForm(ValueForm):
    value = TagsThereField(_l("Tags"), [NEEDED])


class UsersForm(ValueForm):
    """Users who can look after clients, by name."""

    value = SelectMultipleField(_l("Assignees"), [NEEDED])

    def __init__(self, *args: Any, **kw: Any):
        super().__init__(*args, **kw)
        self.value.choices = [(user.username, user.get_full_name()) for user in self.users()]

    def users(self) -> list[User]:
        return active_users()


class UsersOffForm(UsersForm):
    """All users: those who left too look after clients."""

    def users(self) -> list[User]:
        return list(db.session.scalars(select(User).order_by(User.first_name, User.last_name, User.id)))


class TaskForm(BulkForm):
    title = StringField(_l("Title"), [NEEDED, Length(max=LONGEST)], filters=[stripped])
    due = MomentField(_l("Due"))
    assignee = SelectField(_l("Who does it"))
    priority = SelectField(_l("Priority"), default="normal")
    description = TextAreaField(_l("Description"), filters=[stripped])

    def __init__(self, *args: Any, **kw: Any):
        super().__init__(*args, **kw)
        doers = [("", _("Nobody")), ("me", _("Me")), (RESPONSIBLE, _("The first assignee of each client"))]
        self.assignee.choices = [*doers, *((u.username, u.get_full_name()) for u in active_users())]
        self.priority.choices = list(registry().by_key["task"].choices["priority"])

    def said(self) -> Any:
        due = self.due.data
        return {
            "title": self.title.data, "description": self.description.data, "priority": self.priority.data,
            "assignee": self.assignee.data or None, "due": due.isoformat() if due else None,
        }  # fmt: skip


class DocumentForm(BulkForm):
    file = FileField(_l("File"), render_kw={"accept": ENDINGS})
    name = StringField(
        _l("Name"), [Length(max=LONGEST)], filters=[stripped], description=_l("Blank: the name of the file.")
    )
    category = SelectField(_l("Category"))
    description = TextAreaField(_l("Description"), filters=[stripped])

    def __init__(self, *args: Any, **kw: Any):
        super().__init__(*args, **kw)
        self.file.flags.required = True
        self.file.description = _("At most %(n)d MB. It is stored once.", n=largest() // 1024**2)
        self.category.choices = [("", "–"), *registry().by_key["document"].choices["category"]]
        self.upload = request.files.get("file")

    def validate(self, *args: Any, **kw: Any) -> bool:
        valid = super().validate(*args, **kw)
        if not isinstance(self.upload, FileStorage) or not self.upload.filename:
            self.complain(str(REQUIRED), "file")
            return False
        if not valid:
            self.complain(_("Please choose the file again."), "file")
        return valid

    def said(self) -> Any:
        """The value, with the file kept for it. Raises RuleError, TooLarge, CannotStore."""
        assert self.upload is not None
        # a large picture takes a second: let go of the database, so that others can write meanwhile
        db.session.rollback()
        upload = prepare(self.upload.stream, self.upload.filename)
        stored = file_store.keep(upload)
        db.session.add(stored)
        db.session.flush()
        return {
            "stored_file_id": stored.id, "name": self.name.data or upload.name,
            "category": self.category.data or None, "description": self.description.data,
        }  # fmt: skip


FORMS: dict[str, type[BulkForm]] = {
    "status_id": StatusForm,
    "stars": StarsForm,
    "consent": ConsentForm,
    "add_tag": TagsForm,
    "remove_tag": TagsOffForm,
    "add_assignee": UsersForm,
    "remove_assignee": UsersOffForm,
    "task": TaskForm,
    "document": DocumentForm,
}


def form_of(type: str, sent: MultiDict[str, str] | None = None) -> BulkForm:
    """The form of a bulk change, filled with what was sent."""
    return FORMS.get(type, BulkForm)(sent)
