"""The fields of a mail's form in which addresses are chosen and typed."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask_babel import gettext as _
from wtforms import SelectMultipleField
from wtforms.validators import ValidationError

from crm.models.mail_addresses import WrongAddress, read_addresses, write_address
from crm.views.forms.fields import Choice

SUGGESTIONS = "/crm/emails/addresses"


class AddressesField(SelectMultipleField):
    """Mail addresses with their names; those of the client are offered, others are typed. most: how many."""

    def __init__(self, label: Any = None, validators: Any = None, most: int | None = None, **kw: Any):
        super().__init__(label, validators, choices=[], validate_choice=False, **kw)
        self.most = most

    def __call__(self, **kw: Any) -> Any:
        limit = {"data-most": self.most} if self.most else {}
        return super().__call__(
            **{"data-remote": SUGGESTIONS, "data-of": "client", "data-create": "yes", **limit, **kw}
        )

    def iter_choices(self) -> Iterator[Choice]:
        for address in self.data or ():
            yield Choice(address, address, True, {})

    def process_data(self, value: str | None) -> None:
        try:
            self.data = [write_address(*one) for one in read_addresses(value)]
        except WrongAddress:
            self.data = [value]

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        # what was typed stays, also where it is wrong
        self.data = [text.strip() for text in valuelist if text.strip()]

    def pre_validate(self, form: Any) -> None:
        try:
            found = read_addresses(",".join(self.data or ()))
        except WrongAddress as wrong:
            raise ValidationError(_("“%(text)s” is not an e-mail address.", text=str(wrong))) from None
        if self.most and len(found) > self.most:
            raise ValidationError(_("One address, please."))

    def populate_obj(self, obj: Any, name: str) -> None:
        setattr(obj, name, ", ".join(self.data or ()) or None)
