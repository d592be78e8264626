"""Choices from ISO lists: searchable by name, stored by code."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup
from wtforms import SelectMultipleField
from wtforms.validators import ValidationError
from wtforms.widgets import Select

from crm.services import iso_lists
from crm.views.forms.fields import Choice, OneOfField


@lru_cache(4096)
def _option(value: str, label: str, selected: bool) -> Markup:
    return Select.render_option(Choice(value, label, selected, {}))


class LongSelect(Select):
    """Writes each option once and keeps it: a form offers hundreds, the same for everybody."""

    @classmethod
    def render_option(cls, choice: Choice, **kwargs: Any) -> Markup:
        return _option(choice.value, choice.label, choice.selected)


class ListedField(OneOfField):
    """One entry of a long list that is read anew for each request; blank means none.

    What is stored already stays offered, though the list may not know it. blank: whether none is offered.
    """

    widget = LongSelect()
    listed: Callable[[], iso_lists.Choices]

    def __init__(self, label: Any = None, validators: Any = None, blank: bool = True, **kw: Any):
        super().__init__(label, validators or [], choices=[], optional=True, validate_choice=False, **kw)
        self.blank = blank

    def iter_choices(self) -> Iterator[Choice]:
        known = type(self).listed()
        if self.blank or not self.data:
            yield Choice("", "–", not self.data, {})
        if self.data and self.data not in dict(known):
            yield Choice(self.data, self.data, True, {})
        for code, name in known:
            yield Choice(code, name, code == self.data, {})

    def pre_validate(self, form: Any) -> None:
        if self.data and self.data != (self.object_data or "") and self.data not in dict(type(self).listed()):
            raise ValidationError(_("There is no such choice."))


class CountryField(ListedField):
    """A country, as ISO 3166-1 alpha-2 code."""

    listed = staticmethod(iso_lists.countries)


class LanguageField(ListedField):
    """A language, as ISO 639-1 code."""

    listed = staticmethod(iso_lists.languages)


class CurrencyField(ListedField):
    """A currency, as ISO 4217 code."""

    listed = staticmethod(iso_lists.currencies)


class CurrenciesField(SelectMultipleField):
    """Several currencies, as ISO 4217 codes."""

    widget = LongSelect(multiple=True)

    def __init__(self, label: Any = None, validators: Any = None, **kw: Any):
        super().__init__(label, validators or [], choices=[], validate_choice=False, **kw)

    def process_data(self, value: Any) -> None:
        self.data = sorted(value or ())

    def process_formdata(self, valuelist: Any) -> None:
        self.data = sorted(set(valuelist))

    def iter_choices(self) -> Iterator[Choice]:
        for code, name in iso_lists.currencies():
            yield Choice(code, name, code in (self.data or ()), {})

    def pre_validate(self, form: Any) -> None:
        if not set(self.data or ()) <= iso_lists.currency_codes():
            raise ValidationError(_("There is no such choice."))
