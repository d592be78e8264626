"""Fields that only the form of a client has."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from wtforms import SelectMultipleField
from wtforms.validators import ValidationError

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Client, Status, Tag
from crm.models.folding import fold
from crm.security.manager import may
from crm.services import statuses
from crm.services.client_parts import names_of_tags, set_consent, set_external_id, set_tags
from crm.services.tags import clean_name
from crm.views.fields import Choice, OneOfField, StringField, YesNoField

#: Up to this many tags are offered; the others are found by typing their whole name.
MOST_TAGS = 1_000


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


class TagsField(SelectMultipleField):
    """Tags by name; new ones by typing, for those who may add them."""

    def __init__(self, label: Any = None, validators: Any = None, **kw: Any):
        super().__init__(label, validators, choices=[], validate_choice=False, **kw)

    def __call__(self, **kw: Any) -> Any:
        return super().__call__(**({"data-create": "yes"} if may("add", "tag") else {}), **kw)

    def process_data(self, value: Sequence[Tag] | None) -> None:
        self.data = sorted((tag.name for tag in value or ()), key=fold)

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        self.data = sorted(names_of_tags(valuelist), key=fold)

    def pre_validate(self, form: Any) -> None:
        try:
            for name in self.data or ():
                clean_name(name)
        except RuleError as error:
            raise ValidationError(str(error.description)) from None

    def iter_choices(self) -> Iterator[Choice]:
        chosen = {fold(name): name for name in self.data or ()}
        for tag in db.session.scalars(select(Tag).order_by(Tag.name_key).limit(MOST_TAGS)):
            yield Choice(tag.name, tag.name, chosen.pop(tag.name_key, None) is not None, {})
        for name in chosen.values():
            yield Choice(name, name, True, {})

    def populate_obj(self, obj: Client, name: str) -> None:
        set_tags(obj, self.data or (), may("add", "tag"))


class ConsentField(YesNoField):
    """Consent to marketing; when and by whom is noted with a change."""

    def populate_obj(self, obj: Client, name: str) -> None:
        set_consent(obj, {"yes": True, "no": False}.get(self.data), obj.consent_source)


class ExternalIdField(StringField):
    """The client's ID in another system, under the default app code."""

    def populate_obj(self, obj: Client, name: str) -> None:
        set_external_id(obj, self.data)
