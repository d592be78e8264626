"""The data of a client on its card: groups of labelled values, each as the current user may see it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import format_decimal, get_locale, ngettext
from flask_babel import gettext as _

from crm.models import Client
from crm.registry import registry
from crm.services.clients.words import KINDS, LABELS
from crm.views.records.money import money
from crm.views.records.values import Cell, cell

#: Shown also where they are blank: what one would otherwise look for in vain.
ALWAYS = frozenset({"email", "phone", "website", "tax_id"})
PERSON = ("first_name", "last_name", "position")
REACH = ("email", "phone", "mobile", "phone2", "website", "domain", "language")
NUMBERS = ("tax_id", "regon", "pesel", "peppol_id")


@dataclass(frozen=True)
class Detail:
    """One labelled value. field: as its history names it; blank where there is none."""

    label: Any
    cell: Cell
    field: str = ""


def details(client: Client) -> list[tuple[str, list[Detail]]]:
    """(heading, details) of each group that has any."""
    record = registry().by_model[Client]

    def plain(names: Iterable[str]) -> list[Detail]:
        return [
            Detail(LABELS[name], _cell(record, client, name), name)
            for name in names
            if name in ALWAYS or getattr(client, name) not in (None, "")
        ]

    person = PERSON if client.kind == "person" else ()
    groups = (
        ("", [*plain(("short_name", *person)), *plain(REACH), *plain(NUMBERS), _consent(client)]),
        (_("Addresses"), _addresses(client)),
        (_("Finances"), [*plain(("bank", "account_number")), *_terms(client)]),
        (_("External IDs"), _external_ids(client)),
    )
    return [(heading, found) for heading, found in groups if found]


def _cell(record: Any, client: Client, name: str) -> Cell:
    shown = cell(record, client, name)
    locale = get_locale()
    if name == "language" and locale:
        return Cell("text", locale.languages.get(client.language, client.language))
    if name == "kind":
        return Cell("text", KINDS[client.kind])
    return shown


def _consent(client: Client) -> Detail:
    """Yes or no, with when and from where; that nobody asked is a value of its own."""
    if client.consent is None:
        return Detail(LABELS["consent"], Cell("text", _("Not asked")), "consent")
    return Detail(LABELS["consent"], Cell("consent", client.consent), "consent")


def _addresses(client: Client) -> list[Detail]:
    found = [Detail(_("Billing"), _address(client, "billing"), "billing")]
    if client.use_delivery:
        found.append(Detail(_("Delivery"), _address(client, "delivery"), "delivery"))
    return [detail for detail in found if detail.cell.value]


def _address(client: Client, which: str) -> Cell:
    parts = client.address(which)
    locale = get_locale()
    country = parts["country"]
    if country and locale:
        country = locale.territories.get(country, country)
    town = " ".join(filter(None, (parts["postal_code"], parts["city"])))
    lines = [parts["street"], town, parts["region"], country]
    return Cell("long", "\n".join(filter(None, lines)))


def _terms(client: Client) -> list[Detail]:
    found: list[Detail] = []
    if client.billing_amount is not None:
        money = _money(client.billing_amount, client.billing_currency)
        found.append(Detail(LABELS["billing_amount"], Cell("text", money), "billing_amount"))
    elif client.billing_currency:
        found.append(
            Detail(LABELS["billing_currency"], Cell("text", client.billing_currency), "billing_currency")
        )
    if client.payment_period is not None:
        days = ngettext("%(num)d day", "%(num)d days", client.payment_period)
        words = days if client.payment_period else _("immediately")
        found.append(Detail(LABELS["payment_period"], Cell("text", words), "payment_period"))
    if client.discount is not None:
        found.append(
            Detail(LABELS["discount"], Cell("text", f"{format_decimal(client.discount)} %"), "discount")
        )
    return found


def _money(amount: Decimal, currency: str | None) -> str:
    return money(amount, currency) if currency else format_decimal(amount)


def _external_ids(client: Client) -> list[Detail]:
    return [
        Detail(one.app_code or _("Default"), Cell("text", one.external_id), "external_ids")
        for one in client.external_ids
    ]
