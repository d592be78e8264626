"""What the form of a client asks."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, FileField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from crm.models import Client
from crm.models.types import Exact
from crm.services.clients import photos
from crm.views.clients.fields import ConsentField, ExternalIdField, StatusField
from crm.views.forms.fields import NumberField, UsersField, stripped, within
from crm.views.forms.form import RecordForm
from crm.views.forms.iso_fields import CountryField, CurrencyField, LanguageField
from crm.views.forms.tags_field import TagsField

KIND_NAMES = (("person", _l("Person")), ("company", _l("Company")))
LONGEST_PERIOD = 3_650


def short_text(label: Any, name: str, **kw: Any) -> StringField:
    """A field for a text column of the client."""
    column = Client.__table__.c[name]
    return StringField(label, [Length(max=column.type.length)], filters=[stripped], **kw)


def long_text(label: Any, **kw: Any) -> TextAreaField:
    return TextAreaField(label, [Length(max=100_000)], filters=[stripped], **kw)


class ClientForm(RecordForm):
    """What a client's form asks; the fields of the attributes are added for each request."""

    kind = RadioField(_l("Kind"), choices=[SelectChoice(kind, words) for kind, words in KIND_NAMES])
    first_name = short_text(_l("First name"), "first_name", render_kw={"autocomplete": "off"})
    last_name = short_text(_l("Last name"), "last_name", render_kw={"autocomplete": "off"})
    position = short_text(_l("Position"), "position")
    name = short_text(_l("Name"), "name", render_kw={"autocomplete": "off"})
    short_name = short_text(_l("Short name"), "short_name")
    status = StatusField(_l("Status"))
    assignee_links = UsersField(_l("Assignees"), description=_l("The first one is responsible."))
    tags = TagsField(_l("Tags"))

    email = short_text(_l("E-mail"), "email", render_kw={"type": "email", "autocomplete": "off"})
    phone = short_text(_l("Phone"), "phone", render_kw={"type": "tel"})
    mobile = short_text(_l("Mobile"), "mobile", render_kw={"type": "tel"})
    phone2 = short_text(_l("Second phone"), "phone2", render_kw={"type": "tel"})
    website = short_text(_l("Website"), "website", render_kw={"inputmode": "url"})
    domain = short_text(_l("Domain"), "domain", description=_l("Filled in from website or e-mail."))
    language = LanguageField(_l("Language"))

    tax_id = short_text(_l("Tax ID"), "tax_id")
    regon = short_text(_l("REGON"), "regon")
    pesel = short_text(_l("PESEL"), "pesel")
    peppol_id = short_text(_l("Peppol ID"), "peppol_id")
    external_id = ExternalIdField(_l("External ID"), [Length(max=200)], filters=[stripped])

    billing_street = short_text(_l("Street"), "billing_street")
    billing_postal_code = short_text(_l("Postal code"), "billing_postal_code")
    billing_city = short_text(_l("City"), "billing_city")
    billing_region = short_text(_l("Region"), "billing_region")
    billing_country = CountryField(_l("Country"))
    use_delivery = BooleanField(_l("Deliver to another address"))
    delivery_street = short_text(_l("Street"), "delivery_street")
    delivery_postal_code = short_text(_l("Postal code"), "delivery_postal_code")
    delivery_city = short_text(_l("City"), "delivery_city")
    delivery_region = short_text(_l("Region"), "delivery_region")
    delivery_country = CountryField(_l("Country"))

    bank = short_text(_l("Bank"), "bank")
    account_number = short_text(_l("Account number (IBAN)"), "account_number")
    billing_amount = NumberField(_l("Billing amount"), largest=Exact(2).largest)
    billing_currency = CurrencyField(_l("Currency"))
    payment_period = NumberField(
        _l("Payment period in days"),
        [within(0, LONGEST_PERIOD, _l("From 0 to 3650 days."))],
        places=0,
        description=_l("0 means immediately."),
    )  # fmt: skip
    discount = NumberField(_l("Discount in %"), [within(0, 100, _l("From 0 to 100 %."))])

    is_buyer = BooleanField(_l("Buyer"))
    is_supplier = BooleanField(_l("Supplier"))
    is_workshop = BooleanField(_l("Workshop"))
    consent = ConsentField(_l("Consent to marketing"))
    consent_source = short_text(_l("Source of the consent"), "consent_source")
    sensitive = BooleanField(_l("Sensitive: hide contact data and numbers from most users"))
    notes = long_text(_l("Internal notes"), render_kw={"rows": 3})
    description = long_text(_l("Description"), render_kw={"rows": 5}, description=_l("Markdown works here."))

    photo = FileField(_l("Photo or logo"), render_kw={"accept": "image/png,image/jpeg,image/webp,image/gif"})
    remove_photo = BooleanField(_l("Remove the picture"))

    #: The uploaded picture, made ready; and what looks wrong, by field. Known after validation.
    picture: photos.Picture | None = None
    doubts: dict[str, str] = {}

    def own_fields(self) -> list[Field]:
        """All but the picture, which is replaced, not compared."""
        return [field for field in super().own_fields() if field.name not in ("photo", "remove_photo")]
