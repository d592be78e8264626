"""Fields that only the form of a client has."""

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _
from wtforms.validators import ValidationError

from crm.extensions import db
from crm.models import Client, Status
from crm.services.clients import statuses
from crm.services.clients.parts import set_consent
from crm.services.external_ids import set_external_id
from crm.views.forms.fields import Choice, OneOfField, StringField, YesNoField


class StatusField(OneOfField):
    """A status that can be given, or the present one; blank means none."""

    def __init__(self, label: Any = None, validators: Any = None, **kw: Any):
        super().__init__(label, validators or [], choices=[], optional=True, validate_choice=False, **kw)

    def process_data(self, value: Status | None) -> None:
        self.data = str(value.id) if value is not None else ""

    def _offered(self) -> list[Status]:
        present = getattr(self.object_data, "id", None)
        return [s for s in statuses.all_statuses() if s.selectable or s.id == present]

    def iter_choices(self) -> Iterator[Choice]:
        yield Choice("", _("No status"), not self.data, {})
        for status in self._offered():
            yield Choice(str(status.id), status.name, str(status.id) == self.data, {})

    def pre_validate(self, form: Any) -> None:
        if self.data and self.data not in {str(status.id) for status in self._offered()}:
            raise ValidationError(_("There is no such status."))

    def populate_obj(self, obj: Client, name: str) -> None:
        obj.status = db.session.get(Status, int(self.data)) if self.data else None


class ConsentField(YesNoField):
    """Consent to marketing; when and by whom is noted with a change."""

    def populate_obj(self, obj: Client, name: str) -> None:
        set_consent(obj, {"yes": True, "no": False}.get(self.data), obj.consent_source)


class ExternalIdField(StringField):
    """The client's ID in another system, under the default app code."""

    def populate_obj(self, obj: Client, name: str) -> None:
        set_external_id(obj, self.data)
