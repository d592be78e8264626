"""The admin's pages of attributes: fields of their own that clients and contacts have."""

from typing import Any

from flask import jsonify, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import BooleanField, Field, StringField
from wtforms.validators import DataRequired, Length

from crm.errors import RuleError
from crm.extensions import db
from crm.models import AttributeDefinition, AttributeOption, Client, Contact
from crm.models.attribute import OWNERS, TYPE_NAMES
from crm.registry import Part
from crm.security.manager import may
from crm.security.masking import MASK
from crm.security.visibility import including_hidden
from crm.services.attributes import arranging as attribute_arranging
from crm.services.attributes import changes as attribute_changes
from crm.services.attributes import options as attribute_options
from crm.services.attributes import values as attributes
from crm.services.attributes.changes import Unconverted
from crm.services.attributes.options import DELETE, OptionRow
from crm.services.attributes.reading import WORD_TYPES, read_value
from crm.services.clients.parts import lock
from crm.services.iso_lists import currencies
from crm.services.lists import listing
from crm.services.reading import Unreadable
from crm.services.sales.company import default_currency
from crm.views.forms.fields import OneOfField, stripped
from crm.views.forms.form import REQUIRED, RecordForm
from crm.views.records.record import RecordView

#: What the form calls being required, and says of the default, by what the attribute applies to.
OF_NEW_ONES = {
    "client": (_l("Required for new clients"), _l("Filled in on the form of a new client.")),
    "contact": (_l("Required for new contacts"), _l("Filled in on the form of a new contact.")),
}
#: How many of the values that stand against a change of type are listed.
MOST_LISTED = 50


class TypeField(OneOfField):
    """The type; changing it converts the values, and is refused with those that cannot be."""

    unconverted: list[Unconverted] = []

    def populate_obj(self, obj: AttributeDefinition, name: str) -> None:
        if obj.id is None:
            obj.type = self.data
            return
        self.unconverted = attribute_changes.change_type(obj, self.data)
        if self.unconverted:
            message = ngettext(
                "%(num)d value cannot be changed to this type.",
                "%(num)d values cannot be changed to this type.",
                len(self.unconverted),
            )
            raise RuleError(message, field=self.name)


class OptionsField(Field):
    """The list of words, edited as a whole: three inputs a row, `options-id`, `-label` and `-instead`."""

    def process_data(self, value: list[AttributeOption] | None) -> None:
        self.data = [OptionRow(option.id, option.label) for option in value or ()]

    def process(self, formdata: Any, *args: Any, **kw: Any) -> None:
        super().process(None, *args, **kw)
        if formdata is not None and self.name in formdata:
            parts = [formdata.getlist(f"{self.name}-{part}") for part in ("id", "label", "instead")]
            rows = [
                OptionRow(_id_of(number), label, instead)
                for number, label, instead in zip(*parts, strict=False)
            ]
            self.data = [row for row in rows if row.id is not None or row.label.strip()]

    def _value(self) -> str:
        return ", ".join(row.label for row in self.data)

    def populate_obj(self, obj: AttributeDefinition, name: str) -> None:
        attribute_options.save_options(obj, self.data)


def _id_of(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


class AttributeForm(RecordForm):
    """What an attribute's form asks. The type comes first, for the words and the default follow it."""

    label = StringField(_l("Label"), [DataRequired(REQUIRED), Length(max=100)], filters=[stripped])
    type = TypeField(_l("Type"), [], choices=list(TYPE_NAMES.items()))
    key = StringField(
        _l("Key"), [Length(max=60)], filters=[stripped],
        description=_l("For the API and imports; made of the label when blank, and never changed."),
    )  # fmt: skip
    options = OptionsField(_l("Words"))
    group = StringField(_l("Group"), [Length(max=60)], filters=[stripped], render_kw={"list": "groups"})
    help_text = StringField(_l("Help"), [Length(max=300)], filters=[stripped])
    default = StringField(
        _l("Default value"), [Length(max=200)], filters=[stripped],
    )  # fmt: skip
    currency = OneOfField(_l("Currency"), [], choices=[])
    required = BooleanField(_l("Required"))
    in_list = BooleanField(_l("Show as a column of the list"))
    sensitive = BooleanField(
        _l("Sensitive"),
        description=_l("Encrypted, masked for who may not see it, and each look is written down."),
    )
    active = BooleanField(_l("Active"))


class AttributeDefinitionView(RecordView):
    """Attributes: their list with usage, and the form with options and change of type."""

    add_form = AttributeForm
    list_template = "attribute/list.html"
    form_template = "attribute/form.html"
    more_routes = frozenset({"order", "usage"})
    method_permission_name = {"order": "edit", "usage": "list"}

    def make_form(self, item: AttributeDefinition, filled: bool = True) -> AttributeForm:
        form = super().make_form(item, filled)
        form["required"].label.text, form["default"].description = OF_NEW_ONES[item.applies_to]
        form["currency"].offer(currencies())
        if not form["currency"].data:
            form["currency"].data = default_currency()
        if item.id is not None:
            # scripts and files of other people know it
            del form["key"]
        return form

    @expose("/list/")
    @has_access
    def list(self) -> Response:
        part = self.record.find_part(request.args.get("kind", ""))
        shown = [(one, attributes.grouped(_all_of(one))) for one in ([part] if part else self.record.parts)]
        return self.render(
            self.list_template, title=self.record.plural, part=part, shown=shown, type_names=TYPE_NAMES,
            message=listing.complaint(self.record, request.args),
        )  # fmt: skip

    @expose("/usage")
    @has_access
    def usage(self) -> Response:
        """At how many clients or contacts each attribute is set, for the list; counting takes longer than the page."""
        part = self.record.find_part(request.args.get("kind", ""))
        items = [item for one in ([part] if part else self.record.parts) for item in _all_of(one)]
        return self.render("attribute/_usage.html", items=items, usage=attribute_options.usage())

    @expose("/order", methods=["POST"])
    @has_access
    def order(self) -> Response:
        """Put attributes into groups and order: `{"kind": "client", "groups": [{"name": "", "ids": [3, 1]}]}`."""
        sent = request.get_json(silent=True)
        sent = sent if isinstance(sent, dict) else {}
        kind = sent.get("kind")
        if not isinstance(kind, str) or kind not in OWNERS:
            raise RuleError(_("There is no such choice."), field="kind")
        attribute_arranging.arrange(kind, attribute_arranging.read_groups(sent.get("groups")))
        db.session.commit()
        return jsonify(saved=True)

    def form_page(self, form: AttributeForm, item: AttributeDefinition, status: int = 200) -> Response:
        new = item.id is None
        unconverted = form["type"].unconverted
        return self.render(
            self.form_template, status, title=self.title_of_new(item) if new else item.label, form=form, item=item,
            is_new=new, back=self.url_after(item), groups=_groups(item.applies_to), word_types=sorted(WORD_TYPES),
            delete=DELETE, option_usage={} if new else attribute_options.option_usage(item),
            unconverted=_with_owners(item, unconverted[:MOST_LISTED]), more_unconverted=len(unconverted[MOST_LISTED:]),
        )  # fmt: skip

    def fill(self, form: AttributeForm, item: AttributeDefinition) -> bool:
        return super().fill(form, item) and _check_default(item)

    def apply(self, form: AttributeForm, item: AttributeDefinition) -> bool:
        lock(item)
        return form.apply_to(item, self.make_form(item, filled=False)) and _check_default(item)

    def remove(self, item: AttributeDefinition) -> None:
        attribute_changes.delete_definition(item)

    def url_after(self, item: AttributeDefinition) -> str:
        """Back to the client or contact from whose page the attribute was added, else the list."""
        owner_id = request.args.get("back", "")
        if owner_id.isascii() and owner_id.isdigit() and len(owner_id) < 18:
            return url_for(f"{OWNERS[item.applies_to].__name__}View.show", pk=owner_id)
        return self.url("list", **self.record.part_of(item).query)


def _all_of(part: Part) -> list[AttributeDefinition]:
    return attributes.definitions(part.kind.value, active=False, options=False) if part.kind else []


def _check_default(item: AttributeDefinition) -> bool:
    try:
        read_value(item, item.default)
    except Unreadable as error:
        raise RuleError(str(error), field="default") from None
    return True


def _groups(applies_to: str) -> list[str]:
    group = AttributeDefinition.group
    asked = select(group).where(group.is_not(None), AttributeDefinition.applies_to == applies_to)
    return list(db.session.scalars(asked.distinct().order_by(group)))


def _with_owners(
    item: AttributeDefinition, unconverted: list[Unconverted]
) -> list[tuple[Client | Contact | None, str, str]]:
    """(whose, where it is, value); None where the viewer does not see whose it is. Values in the trash count too.

    Sensitive ones are masked: each look at one is asked for by itself, and written down.
    """
    with including_hidden():
        clients = _by_id(Client, {one.client_id for one in unconverted})
        contacts = _by_id(Contact, {one.contact_id for one in unconverted if one.contact_id is not None})
    found = []
    for one in unconverted:
        client = clients.get(one.client_id)
        owner = client if one.contact_id is None else contacts.get(one.contact_id)
        found.append((owner, _address_of(owner, client), MASK if item.sensitive else one.value))
    return found


def _address_of(owner: Client | Contact | None, client: Client | None) -> str:
    """Where an owner is; of one in the trash its place there, blank for who may not look into it."""
    if owner is None or client is None:
        return ""
    if client.deleted_at is None:
        return url_for(f"{type(owner).__name__}View.show", pk=owner.id)
    return url_for("ArchiveView.trash", search=client.name) if may("trash", "client") else ""


def _by_id(model: Any, ids: set[int]) -> dict[int, Any]:
    return (
        {item.id: item for item in db.session.scalars(select(model).where(model.id.in_(ids)))} if ids else {}
    )
