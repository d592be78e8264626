"""The field of forms in which tags are typed and chosen."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select
from wtforms import SelectMultipleField
from wtforms.validators import ValidationError

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Tag
from crm.models.folding import fold
from crm.security.manager import may
from crm.services.clients.parts import names_of_tags, set_tags
from crm.services.clients.tags import clean_name
from crm.views.forms.fields import Choice

#: Up to this many tags are offered; the others are found by typing their whole name.
MOST_TAGS = 1_000


class TagsField(SelectMultipleField):
    """Tags by name; new ones by typing, for those who may add them. Works on a record that has `tags`."""

    def __init__(self, label: Any = None, validators: Any = None, **kw: Any):
        super().__init__(label, validators, choices=[], validate_choice=False, **kw)

    def __call__(self, **kw: Any) -> Any:
        return super().__call__(**({"data-create": "yes"} if may("add", "tag") else {}), **kw)

    def process_data(self, value: Sequence[Any] | None) -> None:
        self.data = sorted((getattr(one, "tag", one).name for one in value or ()), key=fold)

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

    def populate_obj(self, obj: Any, name: str) -> None:
        set_tags(obj, self.data or (), may("add", "tag"))
