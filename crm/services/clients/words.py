"""What the columns of a client are called."""

from typing import Any

from flask_babel import lazy_gettext as _

LABELS: dict[str, Any] = {
    "kind": _("Kind"),
    "name": _("Name"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "position": _("Position"),
    "short_name": _("Short name"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "mobile": _("Mobile"),
    "phone2": _("Second phone"),
    "website": _("Website"),
    "domain": _("Domain"),
    "tax_id": _("Tax ID"),
    "regon": _("REGON"),
    "pesel": _("PESEL"),
    "peppol_id": _("Peppol ID"),
    "language": _("Language"),
    "status": _("Status"),
    "status_id": _("Status"),
    "stars": _("Stars"),
    "tags": _("Tags"),
    "assignees": _("Assignees"),
    "is_buyer": _("Buyer"),
    "is_supplier": _("Supplier"),
    "is_workshop": _("Workshop"),
    "consent": _("Marketing consent"),
    "notes": _("Internal notes"),
    "description": _("Description"),
    "billing_street": _("Street"),
    "billing_postal_code": _("Postal code"),
    "billing_city": _("City"),
    "billing_region": _("Region"),
    "billing_country": _("Country"),
    "use_delivery": _("Deliver elsewhere"),
    "delivery_street": _("Delivery street"),
    "delivery_postal_code": _("Delivery postal code"),
    "delivery_city": _("Delivery city"),
    "delivery_region": _("Delivery region"),
    "delivery_country": _("Delivery country"),
    "bank": _("Bank"),
    "account_number": _("Account number"),
    "billing_amount": _("Billing amount"),
    "billing_currency": _("Currency"),
    "payment_period": _("Payment period"),
    "discount": _("Discount"),
    "sensitive": _("Sensitive"),
}

KINDS = {"person": _("Person"), "company": _("Company")}
#: The independent roles of a client: column -> words.
ROLES = {"is_buyer": _("Buyer"), "is_supplier": _("Supplier"), "is_workshop": _("Workshop")}
