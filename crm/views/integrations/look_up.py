"""Companies looked up in public registers while somebody types a client: what they have beside what the form has."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_appbuilder import expose, has_access
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from crm.integrations.gus import lookup as gus
from crm.integrations.offers import Company, Found, NoAnswer
from crm.integrations.vies import lookup as vies
from crm.integrations.white_list import lookup as white_list
from crm.models import Client
from crm.models.vat_number import read_number
from crm.security.masking import is_masked
from crm.services.iso_lists import country_name
from crm.views.clients.form import ClientForm
from crm.views.page import Page

LONGEST = 100


@dataclass(frozen=True)
class Register:
    """name: heads the column of its values; button: what its button says; look_up: given tax ID, country, and whether
    to ask anew what is kept for a while."""

    name: Any
    button: Any
    look_up: Callable[[str, str | None, bool], Found]


#: In the order of their buttons.
REGISTERS = {
    "gus": Register(_l("In GUS"), _l("Look up in GUS by NIP"), gus.look_up),
    "vies": Register(
        _l("In VIES"), _l("Look up in VIES by VAT number"),
        lambda tax_id, country, _anew: vies.look_up(tax_id, country),
    ),
    "white_list": Register(
        _l("In the white list"), _l("Look up in the VAT white list"),
        lambda tax_id, country, _anew: white_list.look_up(tax_id, country),
    ),
}  # fmt: skip


class LookUpView(Page):
    """What is offered is put into the form by the browser; nothing is saved."""

    route_base = "/crm/clients/look-up"
    class_permission_name = "client"
    method_permission_name = {"look_up": "edit"}

    @expose(f"/<any({', '.join(REGISTERS)}):name>", methods=["POST"])
    @has_access
    def look_up(self, name: str) -> Response:
        """What a register has under the tax ID in the form, beside what the form has, as a fragment."""
        register = REGISTERS[name]
        typed = {field: value.strip() for field, value in request.form.items()}
        tax_id, country = typed.get("tax_id", "")[:LONGEST], typed.get("billing_country", "")[:2]
        try:
            found = register.look_up(tax_id, country or None, typed.get("anew") == "yes")
        except NoAnswer as error:
            return self.render("client/_register.html", 422, problem=str(error))
        offers = [(company, offered(company, typed)) for company in found.companies]
        return self.render("client/_register.html", register=register, name=name, found=found, offers=offers)


def register_of(client: Client) -> str | None:
    """The register in which to look a client up, by name; None where there is none, or the number is masked."""
    key = client.tax_id_key
    if not key or is_masked(client, "tax_id"):
        return None
    return "gus" if key.startswith("PL") else "vies" if read_number(key) else None


def offered(company: Company, typed: dict[str, str]) -> list[dict[str, Any]]:
    """What a company offers for each field that the form has: old and new value."""
    return [
        {
            "name": name, "label": label(name), "value": value, "shown": shown(name, value),
            "now": shown(name, typed[name]), "same": typed[name] == value,
        }
        for name, value in company.values.items() if name in typed
    ]  # fmt: skip


def label(name: str) -> str:
    return str(getattr(ClientForm, name).args[0])


def shown(name: str, value: str) -> str:
    return country_name(value) if name == "billing_country" else value
