"""Calls: writing one down is one form, with what was agreed and the next task."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length

from crm.models import Call
from crm.security.manager import may
from crm.security.masking import is_masked
from crm.services.call_log import add_next_task
from crm.views.forms.fields import MomentField, stripped
from crm.views.forms.form import RecordForm
from crm.views.records.record import RecordView

TASK_FIELDS = ("task_title", "task_due")


class TaskTitleField(StringField):
    """What is to be done next; becomes a task of its own."""

    def populate_obj(self, obj: Any, name: str) -> None:
        pass


class TaskDueField(MomentField):
    def populate_obj(self, obj: Any, name: str) -> None:
        pass


class CallView(RecordView):
    """The record view of calls. A new one may bring a task."""

    form_template = "call/form.html"
    more_fields = {
        "task_title": TaskTitleField(_l("What is to be done"), [Length(max=200)], filters=[stripped]),
        "task_due": TaskDueField(_l("Due")),
    }

    def new_item(self) -> Call:
        """A call is at first one that was just made, to the number that is known."""
        call: Call = super().new_item()
        call.number = request.args.get("number", "")[:60] or _known_number(call)
        return call

    def make_form(self, item: Call, filled: bool = True) -> RecordForm:
        form = super().make_form(item, filled)
        if item.id is not None or not may("add", "task"):
            for name in TASK_FIELDS:
                del form[name]
        return form

    def title_of_new(self, item: Call) -> str:
        return _("Log a call")

    def is_valid(self, form: RecordForm, item: Call) -> bool:
        valid = super().is_valid(form, item)
        if "task_title" in form and form["task_due"].data and not form["task_title"].data:
            form["task_title"].errors = [*form["task_title"].errors, _("Say what is to be done.")]
            return False
        return valid

    def fill(self, form: RecordForm, item: Call) -> bool:
        written = super().fill(form, item)
        if "task_title" in form and form["task_title"].data:
            add_next_task(item, form["task_title"].data, form["task_due"].data)
        return written


def _known_number(call: Call) -> str | None:
    """The number of the contact, else of the client, as far as the user may see it."""
    names = ("phone", "mobile", "phone2")
    for item in (call.contact, call.client):
        for name in names:
            number = getattr(item, name, None)
            if number and not is_masked(item, name):
                return number
    return None
