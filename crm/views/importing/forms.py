"""What is asked before a file is imported: what becomes of rows that are there already, and what all rows get."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import Form, SelectField, SelectMultipleField, StringField
from wtforms.validators import Length

from crm.errors import RuleError
from crm.registry import RecordType
from crm.services.clients.reading import LONGEST_APP_CODE
from crm.services.clients.statuses import offered
from crm.services.importing.csv_reading import DELIMITERS
from crm.services.importing.encodings import ENCODINGS
from crm.services.importing.fields import ImportField, fields_of
from crm.services.importing.plan import KEYS, STRATEGIES, Plan
from crm.services.record_names import written_names
from crm.views.forms.fields import active_users, stripped
from crm.views.forms.tags_field import TagsField

#: How a select says which field a column is.
COLUMN = "column-"
DELIMITER_WORDS = {";": _l("Semicolon ;"), ",": _l("Comma ,"), "\t": _l("Tab"), "|": _l("Bar |")}
ORDERS = {
    "dmy": _l("31.12.2026 – day first"),
    "mdy": _l("12/31/2026 – month first"),
    "ymd": _l("2026-12-31 – year first"),
}
MARKS = {".": _l("1234.5 – point"), ",": _l("1234,5 – comma")}


class PlanForm(Form):
    """The plan of an import but for its columns."""

    strategy = SelectField(_l("If a record is there already"))
    keys = SelectMultipleField(
        _l("It is known by"), description=_l("Tried in this order; blank: all of them.")
    )
    app_code = StringField(
        _l("App code"), [Length(max=LONGEST_APP_CODE)], filters=[stripped],
        description=_l("Whose the external IDs in the file are, where it does not say."),
    )  # fmt: skip
    clear = SelectField(_l("Empty cells"))
    replace_tags = SelectField(_l("Tags in the file"))
    status = SelectField(_l("Status"), description=_l("Where the file names none."))
    tags = TagsField(_l("Tags for all rows"))
    assignees = SelectMultipleField(_l("Assignees"), description=_l("Where the file names none."))
    responsible = SelectField(_l("Responsible"), description=_l("Where the file names none."))

    def __init__(self, record: RecordType, sent: MultiDict[str, str] | None = None, plan: Plan | None = None):
        super().__init__(sent, data=_as_data(plan) if plan else None)
        users = [(user.username, user.get_full_name()) for user in active_users()]
        self.strategy.choices = list(STRATEGIES.items())
        self.keys.choices = list(KEYS[record.key].items())
        self.clear.choices = [("", _("Leave what is there")), ("yes", _("Clear what is there"))]
        self.replace_tags.choices = [("", _("Are added")), ("yes", _("Replace the tags that are there"))]
        self.status.choices = [("", "–"), *((status.code, status.name) for status in offered())]
        self.assignees.choices = users
        self.responsible.choices = [("", "–"), *users]
        is_client = record.key == "client"
        known = {"status", "tags", "assignees"} if is_client else set(written_names(record))
        for name in {"status", "tags", "assignees", "responsible"} - (
            known if is_client else known - {"status"}
        ):
            del self[name]
        if "tags" not in self:
            del self.replace_tags
        if "external_id" not in KEYS[record.key]:
            del self.app_code

    @property
    def presets(self) -> list[Any]:
        """The fields of what all rows get."""
        return [self[name] for name in ("status", "tags", "assignees", "responsible") if name in self]

    @property
    def rules(self) -> list[Any]:
        """The fields of what becomes of records that are there already."""
        return [self[n] for n in ("strategy", "keys", "app_code", "clear", "replace_tags") if n in self]

    def plan(self, record: RecordType, mapping: Mapping[int, str]) -> Plan:
        """The plan that was chosen."""
        data = self.data
        presets = {field.name: field.data for field in self.presets if field.data}
        chosen = [key for key in KEYS[record.key] if key in (data["keys"] or ())]
        return Plan(
            record, mapping, data["strategy"], tuple(chosen or KEYS[record.key]), data.get("app_code") or "",
            presets, data.get("replace_tags") == "yes", data["clear"] == "yes",
        )  # fmt: skip


def _as_data(plan: Plan) -> dict[str, Any]:
    return {
        **plan.presets, "tags": [], "strategy": plan.strategy, "keys": list(plan.keys), "app_code": plan.app_code,
        "clear": "yes" if plan.clear else "", "replace_tags": "yes" if plan.replace_tags else "",
    }  # fmt: skip


def read_mapping(record: RecordType, sent: Mapping[str, str], columns: int) -> dict[int, str]:
    """Column -> field, as the selects say. Raises RuleError for a field that there is not."""
    known = {field.name for field in fields_of(record)}
    found = {}
    for number in range(columns):
        name = sent.get(f"{COLUMN}{number}", "")
        if name and name not in known:
            raise RuleError(_("There is no such field."), field=f"{COLUMN}{number}")
        if name:
            found[number] = name
    if not found:
        raise RuleError(_("Say of at least one column what it is."))
    return found


def grouped_fields(record: RecordType) -> list[tuple[str, list[ImportField]]]:
    """What a column can be, by the headings under which a select shows it."""
    groups: dict[str, list[ImportField]] = {"": []}
    for field in fields_of(record):
        groups.setdefault(str(field.group), []).append(field)
    return list(groups.items())


class ReadingForm(Form):
    """How a file is read, where that was not found out rightly."""

    encoding = SelectField(_l("Characters"))
    delimiter = SelectField(_l("Separator"))
    sheet = SelectField(_l("Sheet"))
    header = StringField(_l("Headings in row"))
    decimal = SelectField(_l("Numbers"))
    dates = SelectField(_l("Dates"))

    def __init__(self, options: Mapping[str, Any], sent: MultiDict[str, str] | None = None):
        super().__init__(sent, data=dict(options))
        self.encoding.choices = _with(ENCODINGS, options.get("encoding"))
        self.delimiter.choices = [(value, DELIMITER_WORDS.get(value, value)) for value in DELIMITERS]
        self.sheet.choices = [(name, name) for name in options.get("sheets", ())]
        self.decimal.choices, self.dates.choices = list(MARKS.items()), list(ORDERS.items())
        for name in ("encoding", "delimiter", "sheet"):
            if name not in options:
                del self[name]

    def options(self) -> dict[str, Any]:
        return {name: value for name, value in self.data.items() if value not in (None, "")}


def _with(values: Sequence[str], value: str | None) -> list[tuple[str, str]]:
    return [(one, one) for one in dict.fromkeys([*values, *([value] if value else [])])]


def with_tags(plan: Plan, form: PlanForm) -> PlanForm:
    """The form with the tags of a plan: their field takes names only from what is sent."""
    if "tags" in form and plan.presets.get("tags"):
        form.tags.data = list(plan.presets["tags"])
    return form
