"""Every record type of the product, in menu order."""

from flask_babel import lazy_gettext as _

from crm.models import (
    AttributeDefinition,
    BankAccount,
    Client,
    Contact,
    Deal,
    Document,
    Note,
    NumberSeries,
    Relationship,
    RelationshipType,
    Status,
    Tag,
    Task,
    VatRate,
)
from crm.models.attribute import TYPE_NAMES
from crm.models.deal import STAGES
from crm.models.document import CATEGORIES
from crm.models.file_kinds import FILE_KINDS
from crm.models.task import PRIORITIES
from crm.registry import CRUD, Kind, RecordType

STAGE_NAMES = dict(zip(STAGES, (_("New"), _("Qualified"), _("Proposal"), _("Won"), _("Lost")), strict=True))
PRIORITY_NAMES = dict(zip(PRIORITIES, (_("Low"), _("Normal"), _("High")), strict=True))

VAT_CATEGORIES = {
    "standard": _("So many percent"), "exempt": _("Exempt"), "reverse": _("Reverse charge"),
    "outside": _("Outside VAT"),
}  # fmt: skip
SERIES_KINDS = {
    "invoice": _("Invoices"), "correction": _("Corrections"), "quote": _("Quotes"), "order": _("Orders"),
    "repair": _("Repairs"),
}  # fmt: skip
SERIES_RESETS = {"never": _("never begins anew"), "yearly": _("anew each year"),
                 "monthly": _("anew each month")}  # fmt: skip
CATEGORY_NAMES = dict(zip(CATEGORIES, (
    _("Contract"), _("Order"), _("Invoice"), _("Certificate"), _("Picture"), _("Letter"), _("Other"),
), strict=True))

RECORDS = (
    RecordType(
        model=Client, label=_("Client"), plural=_("Clients"), icon="fa-building",
        columns=[Client.name, Client.status, Client.email, Client.phone, Client.billing_city],
        fields=[Client.name],
        search=[Client.name, Client.first_name, Client.last_name, Client.short_name, Client.email,
                Client.domain, Client.tax_id, Client.tax_id_key, Client.regon, Client.pesel,
                Client.billing_city, Client.external_ids],
        phones=[Client.phone_e164, Client.mobile_e164, Client.phone2_e164],
        secret=[Client.email, Client.phone, Client.mobile, Client.phone2, Client.tax_id, Client.tax_id_key,
                Client.regon, Client.pesel, Client.peppol_id, Client.account_number, Client.domain],
        order=[Client.name_key, Client.id], addable=False, box=False,
        empty=_("A client is a person or a company that you buy from or sell to."),
    ),
    RecordType(
        model=Contact, label=_("Contact"), plural=_("Contacts"), icon="fa-user",
        columns=[Contact.first_name, Contact.last_name, Contact.client, Contact.position, Contact.email,
                 Contact.phone, Contact.is_primary],
        fields=[Contact.client, Contact.first_name, Contact.last_name, Contact.position, Contact.email,
                Contact.phone, Contact.mobile, Contact.street, Contact.postal_code, Contact.city,
                Contact.region, Contact.country, Contact.website, Contact.tag_links, Contact.description],
        search=[Contact.first_name, Contact.last_name, Contact.email, Contact.position, Contact.external_ids],
        phones=[Contact.phone_e164, Contact.mobile_e164],
        secret=[Contact.email, Contact.phone, Contact.mobile],
        order=[Contact.name_key, Contact.id],
        box_order=[Contact.is_primary.desc(), Contact.id.desc()],
        labels={"is_primary": _("Primary"), "tag_links": _("Tags")},
        empty=_("Contacts are the people at a client."),
    ),
    RecordType(
        model=Relationship, label=_("Relationship"), plural=_("Relationships"), icon="fa-link",
        columns=[Relationship.client, Relationship.type, Relationship.other, Relationship.notes],
        fields=[Relationship.client, Relationship.type, Relationship.other, Relationship.notes],
        when=Relationship.created_at, order=[Relationship.id], always_box=True, addable=False, menu=False,
        labels={"other": _("Other client")},
        empty=_("Link clients that belong together: partners, referrals, subsidiaries."),
    ),
    RecordType(
        model=Deal, label=_("Deal"), plural=_("Deals"), icon="fa-handshake", module="base",
        columns=[Deal.title, Deal.client, Deal.stage, Deal.amount, Deal.currency, Deal.expected_close],
        fields=[Deal.client, Deal.title, Deal.stage, Deal.amount, Deal.currency, Deal.probability,
                Deal.expected_close, Deal.responsible, Deal.contact, Deal.next_deal, Deal.notes],
        search=[Deal.title],
        when=Deal.created_at, also_when={"won": (Deal.won_at, _("won")), "lost": (Deal.lost_at, _("lost"))},
        order=[Deal.created_at.desc(), Deal.id.desc()],
        choices={"stage": list(STAGE_NAMES.items())}, filters=[Deal.stage, Deal.responsible],
        empty=_("A deal is a sale you hope to make."),
    ),
    RecordType(
        model=Note, label=_("Note"), plural=_("Notes"), icon="fa-sticky-note",
        columns=[Note.text, Note.client, Note.pinned, Note.created_at],
        fields=[Note.client, Note.text, Note.pinned],
        search=[Note.text], when=Note.created_at, own_edit=True,
        order=[Note.created_at.desc(), Note.id.desc()], box_order=[Note.pinned.desc(), Note.id.desc()],
        empty=_("Write down what should not be forgotten about a client."),
    ),
    RecordType(
        model=Task, label=_("Task"), plural=_("Tasks"), icon="fa-check-square", module="tasks",
        columns=[Task.title, Task.client, Task.due, Task.priority, Task.done],
        fields=[Task.client, Task.title, Task.description, Task.due, Task.planned, Task.reminder,
                Task.priority, Task.assignee_links, Task.done],
        search=[Task.title, Task.description],
        when=Task.created_at, also_when={"done": (Task.done_at, _("done"))},
        order=[Task.done, Task.due.is_(None), Task.due, Task.id], box_order=[Task.done, Task.id.desc()], tab="tasks",
        labels={"assignee_links": _("Assignees")},
        choices={"priority": list(PRIORITY_NAMES.items())},
        filters=[Task.done, Task.priority, Task.assignee_links],
        empty=_("A task is something to be done, by a date if you like."),
    ),
    RecordType(
        model=Document, label=_("Document"), plural=_("Documents"), icon="fa-file-lines", module="documents",
        columns=[Document.name, Document.client, Document.category, Document.type, Document.size,
                 Document.created_at],
        fields=[Document.client, Document.name, Document.category, Document.description],
        search=[Document.name, Document.description], when=Document.created_at, tab="files",
        filters=[Document.category, Document.type],
        order=[Document.created_at.desc(), Document.id.desc()],
        choices={"category": list(CATEGORY_NAMES.items()),
                 "type": [(type, kind.words) for type, kind in FILE_KINDS.items()]},
        empty=_("Contracts, certificates, pictures of rings: any file that belongs to a client."),
    ),
    RecordType(
        model=Status, label=_("Status"), plural=_("Statuses"), icon="fa-flag", module="settings",
        slug="statuses", actions=CRUD,
        columns=[Status.name, Status.code, Status.selectable, Status.closed, Status.is_default,
                 Status.hidden_in_kanban, Status.alert_days],
        fields=[Status.name, Status.code, Status.background, Status.colour, Status.selectable,
                Status.closed, Status.is_default, Status.hidden_in_kanban, Status.alert_days],
        order=[Status.position, Status.id],
        labels={"is_default": _("Default"), "alert_days": _("Alert after days")},
    ),
    RecordType(
        model=Tag, label=_("Tag"), plural=_("Tags"), icon="fa-tag", module="settings",
        columns=[Tag.name, Tag.colour], fields=[Tag.name, Tag.colour], order=[Tag.name_key],
    ),
    RecordType(
        model=AttributeDefinition, label=_("Attribute"), plural=_("Attributes"), icon="fa-sliders",
        module="settings", slug="attributes",
        kind=AttributeDefinition.applies_to,
        kinds=[Kind("client", _("Client attribute"), _("Client attributes"), "fa-building",
                    empty=_("Fields of your own on every client.")),
               Kind("contact", _("Contact attribute"), _("Contact attributes"), "fa-user",
                    empty=_("Fields of your own on every contact."))],
        columns=[AttributeDefinition.label, AttributeDefinition.type, AttributeDefinition.group,
                 AttributeDefinition.required, AttributeDefinition.in_list, AttributeDefinition.active],
        fields=[AttributeDefinition.label, AttributeDefinition.key, AttributeDefinition.type,
                AttributeDefinition.help_text, AttributeDefinition.group, AttributeDefinition.required,
                AttributeDefinition.default, AttributeDefinition.in_list, AttributeDefinition.active],
        order=[AttributeDefinition.applies_to, AttributeDefinition.position, AttributeDefinition.id],
        labels={"in_list": _("Show in list"), "default": _("Default value")},
        choices={"type": list(TYPE_NAMES.items())},
        empty=_("Attributes are fields of your own on every client or contact."),
    ),
    RecordType(
        model=RelationshipType, label=_("Relationship type"), plural=_("Relationship types"),
        icon="fa-random", module="settings",
        columns=[RelationshipType.label, RelationshipType.inverse_label],
        fields=[RelationshipType.label, RelationshipType.inverse_label], order=[RelationshipType.label],
        labels={"inverse_label": _("Seen from the other side")},
    ),
    RecordType(
        model=BankAccount, label=_("Bank account"), plural=_("Bank accounts"), icon="fa-building-columns",
        module="settings", menu=False,
        columns=[BankAccount.name, BankAccount.number, BankAccount.currency, BankAccount.is_default,
                 BankAccount.active],
        fields=[BankAccount.name, BankAccount.number, BankAccount.bank, BankAccount.bic,
                BankAccount.currency, BankAccount.is_default, BankAccount.active],
        order=[BankAccount.name, BankAccount.id],
        labels={"number": _("Account number (IBAN)"), "bic": _("BIC"), "bank": _("Bank"),
                "is_default": _("Default for its currency"), "active": _("In use")},
        empty=_("The accounts to which clients pay; they stand on invoices."),
    ),
    RecordType(
        model=VatRate, label=_("VAT rate"), plural=_("VAT rates"), icon="fa-percent",
        module="settings", menu=False,
        columns=[VatRate.label, VatRate.rate, VatRate.category, VatRate.is_default, VatRate.active],
        fields=[VatRate.label, VatRate.category, VatRate.rate, VatRate.remark, VatRate.position,
                VatRate.is_default, VatRate.active],
        order=[VatRate.position, VatRate.id],
        labels={"label": _("As printed"), "rate": _("Percent"), "category": _("Kind"),
                "remark": _("Printed below the document"), "position": _("Place in the list"),
                "is_default": _("Default for new lines"), "active": _("In use")},
        choices={"category": list(VAT_CATEGORIES.items())},
        empty=_("The rates of VAT that lines of quotes and invoices can have."),
    ),
    RecordType(
        model=NumberSeries, label=_("Number series"), plural=_("Number series"), icon="fa-hashtag",
        module="settings", menu=False, slug="number-series", actions=frozenset({"list", "show", "edit"}),
        columns=[NumberSeries.kind, NumberSeries.pattern, NumberSeries.reset],
        fields=[NumberSeries.pattern, NumberSeries.reset, NumberSeries.first_number],
        order=[NumberSeries.id],
        labels={"kind": _("Kind"), "pattern": _("Pattern"), "reset": _("Numbers begin"),
                "first_number": _("First number of this period")},
        choices={"kind": list(SERIES_KINDS.items()), "reset": list(SERIES_RESETS.items())},
    ),
)  # fmt: skip
