"""The lines of a record in its form: rows of cells, each checked at its place, and merged with those of others."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, Form, HiddenField, StringField
from wtforms.validators import InputRequired, Length, Optional

from crm.extensions import db
from crm.models import Product
from crm.models.line import LINE_FIELDS, MOST_LINES, Line
from crm.models.types import Exact
from crm.registry import RecordType
from crm.services.sales.lines import Row, set_lines
from crm.views.forms.fields import NumberField, RecordField, stripped, within
from crm.views.forms.merging_lines import Texts, Verdict, merge_lines
from crm.views.forms.raw_values import raw_value, value_in_words
from crm.views.forms.vat_field import VatField, usual_rate

REQUIRED = _l("Please fill this in.")
WRONG = _l("Some lines are not right yet.")
#: Cells that do not make a new row worth keeping: they come filled in.
PREFILLED = frozenset({"quantity", "vat_rate"})
#: Stands for the number of a row in the empty one that the page copies.
BLANK = "new"


def _number(label: Any, places: int, *validators: Any, least: int = 0) -> NumberField:
    return NumberField(
        label, [*validators], places=places, largest=Exact(places).largest, least=least,
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )  # fmt: skip


def _text(label: Any, longest: int) -> StringField:
    return StringField(label, [Length(max=longest)], filters=[stripped], render_kw={"autocomplete": "off"})


class LineForm(Form):
    """The cells of one line. id: of the line that it is, blank for a new one."""

    id = HiddenField()
    product = RecordField(
        _l("Product"), [Optional()], find=lambda pk: db.session.get(Product, pk),
        choices_url="/crm/products/choices", render_kw={"data-placeholder": _l("Product")},
    )  # fmt: skip
    description = _text(_l("Description"), 500)
    quantity = _number(_l("Quantity"), 3, InputRequired(REQUIRED))
    unit = _text(_l("Unit"), 20)
    price = _number(_l("Net price"), 4, least=2)
    discount = _number(_l("Discount %"), 2, Optional(), within(0, 100, _l("From 0 to 100 %.")))
    vat_rate = VatField(_l("VAT"), render_kw={"data-plain": "yes"})

    def cells(self) -> Iterator[Field]:
        """The cells that people see, in order."""
        return (self[name] for name in LINE_FIELDS)

    def is_blank(self) -> bool:
        """Whether nothing was written into a new row."""
        return not self.id.data and not any(
            f.data or f.errors for f in self.cells() if f.short_name not in PREFILLED
        )

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether all cells can be saved; what a product says need not be typed."""
        valid = super().validate(extra_validators)
        for name in ("description", "price") if not self.product.data else ():
            if self[name].data is None and not self[name].errors:
                self[name].errors = [str(REQUIRED)]
                valid = False
        return valid

    def texts(self) -> Texts:
        """The id and each cell as one text, the same whether typed or loaded."""
        return {"id": str(self.id.data or ""), **{name: raw_value(self[name]) for name in LINE_FIELDS}}

    def values(self, names: Sequence[str] = LINE_FIELDS) -> dict[str, Any]:
        """What these cells write to the line."""
        found = {name: self[name].data for name in names}
        if "product" in found:
            found["product"] = db.session.get(Product, found["product"]) if found["product"] else None
        return found


class LinesField(Field):
    """The lines of a record. A page sends `lines` and, for each row n, `lines-n-id`, `lines-n-quantity` …,
    in the order in which the rows stand."""

    rows: list[LineForm]

    def __init__(self, label: Any = None, validators: Any = None, *, record: RecordType, **kw: Any):
        super().__init__(label, validators, **kw)
        self.record = record
        self.merged: Verdict | None = None

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        lines: list[Line] = list(data) if isinstance(data, Sequence) else []
        self.object_data = self.data = lines
        self.errors: list[Any] = []
        if formdata is None or self.name not in formdata:
            self.rows = [LineForm(None, line, self._prefix(n)) for n, line in enumerate(lines)]
            return
        self.raw_data = formdata.getlist(self.name)
        known = {str(line.id): line for line in lines}
        rows = []
        for number in self._numbers(formdata):
            prefix = self._prefix(number)
            line = known.get(formdata.get(f"{prefix}id", ""))
            rows.append(LineForm(formdata, line, prefix))
        self.rows = [row for row in rows if not row.is_blank()]

    def _prefix(self, number: int | str) -> str:
        return f"{self.name}-{number}-"

    def _numbers(self, formdata: Any) -> list[str]:
        """The numbers of the rows that were sent, in their order on the page."""
        found = (re.fullmatch(rf"{self.name}-(\d{{1,6}})-[a-z_]+", name) for name in formdata)
        return list(dict.fromkeys(match[1] for match in found if match))[: MOST_LINES + 1]

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        self.errors = []
        if len(self.rows) > MOST_LINES:
            self.errors.append(_("At most %(n)d lines.", n=MOST_LINES))
        # each row is asked, so that all messages stand at once
        wrong = [row for row in self.rows if not row.validate()]
        if wrong:
            self.errors.append(str(WRONG))
        return not self.errors

    def blank(self) -> LineForm:
        """A new row, for the page to copy."""
        row = LineForm(None, None, self._prefix(BLANK))
        row.quantity.data, row.vat_rate.data = 1, usual_rate()
        return row

    # -- as one value

    def as_text(self) -> str:
        """All lines as one text."""
        return json.dumps([row.texts() for row in self.rows])

    def in_words(self) -> str:
        return "; ".join(" ".join(filter(None, map(value_in_words, row.cells()))) for row in self.rows)

    def merge(self, before: str, current: "LinesField") -> str | None:
        """Take in what somebody else changed meanwhile.

        before: the lines as the page first had them; current: as they are now. Where both changed the same, gives
        what counts as the lines at first the next time, with messages at the cells; None otherwise.
        """
        rows, now = [row.texts() for row in self.rows], [row.texts() for row in current.rows]
        self.merged = merge_lines(_read(before, now), rows, now)
        there = {str(row.id.data): row for row in current.rows}
        for number, name in self.merged.cells:
            cell, theirs = self.rows[number][name], there[rows[number]["id"]][name]
            told = _("Changed meanwhile to “%(value)s”. Save again to keep yours.",
                     value=value_in_words(theirs) or _("nothing"))  # fmt: skip
            cell.errors = [*cell.errors, told]
        for number in self.merged.gone:
            cell = self.rows[number].description
            cell.errors = [*cell.errors, _("This line was removed meanwhile. Save again to keep yours.")]
            self.rows[number].id.data = ""
        for lost in self.merged.lost:
            name = lost["description"]
            told = _("The line “%(name)s” was changed meanwhile. Save again to remove it.", name=name)
            self.errors = [*self.errors, told]
        if self.merged.reordered:
            told = _("The lines were put into another order meanwhile. Save again to keep yours.")
            self.errors = [*self.errors, told]
        if not self.merged.is_conflict:
            return None
        self.errors = self.errors or [str(WRONG)]
        return json.dumps(self.merged.base)

    def populate_obj(self, obj: Any, name: str) -> None:
        known = {str(line.id): line for line in getattr(obj, name)}
        rows: list[Row] = []
        if self.merged is None:
            rows = [(known.get(row.texts()["id"]), row.values()) for row in self.rows]
        else:
            for number, line_id, names in self.merged.result:
                values = self.rows[number].values(names) if number is not None else {}
                rows.append((known.get(line_id), values))
        set_lines(self.record, obj, rows)


def _read(text: str, fallback: list[Texts]) -> list[Texts]:
    """The lines in the text of `as_text`; something else counts as unchanged."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return fallback
    names = {"id", *LINE_FIELDS}
    is_ours = isinstance(found, list) and all(isinstance(one, Mapping) and names <= set(one) for one in found)
    return found if is_ours else fallback
