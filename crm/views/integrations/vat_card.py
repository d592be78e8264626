"""What registers of VAT say of a company, on its card."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import abort, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import lazy_gettext as _l
from stdnum import iban
from werkzeug.wrappers import Response

from crm.integrations.vat.status import Asked, proofs_of, status_of
from crm.integrations.vies import checking as vies
from crm.integrations.vies import words as vies_words
from crm.integrations.vies.numbers import read_number
from crm.integrations.white_list import checking as white_list
from crm.integrations.white_list import words as white_list_words
from crm.models import Client, VatStatus
from crm.security.masking import is_masked
from crm.views.page import Page, get_client

#: Answers that are as one wishes, and those that are worth a look.
GOOD, DOUBTFUL = frozenset({"registered", "active"}), frozenset({"unregistered", "removed", "unlisted"})


@dataclass(frozen=True)
class Register:
    """title: heads its lines; knows: whether it can be asked for a tax ID with its country in front; check_now: asks;
    answers, problems: what it says, in words; reference: what its own number of an answer is called."""

    title: Any
    knows: Callable[[str], bool]
    check_now: Callable[[Asked], None]
    answers: Mapping[str, Any]
    problems: Mapping[str, Any]
    reference: Any


REGISTERS = {
    "vies": Register(
        _l("VAT number in the EU (VIES)"), lambda key: read_number(key) is not None, vies.check_now,
        vies_words.ANSWERS, vies_words.PROBLEMS, _l("Consultation number"),
    ),
    "white_list": Register(
        _l("Polish VAT white list"), lambda key: white_list.read_nip(key) is not None, white_list.check_now,
        white_list_words.ANSWERS, white_list_words.PROBLEMS, _l("Request ID"),
    ),
}  # fmt: skip


class VatCardView(Page):
    """Parts of the card."""

    route_base = "/crm/clients/vat"
    class_permission_name = "client"
    method_permission_name = {"refresh": "edit", "proofs": "show"}

    @expose(f"/<any({', '.join(REGISTERS)}):name>/<pk>", methods=["POST"])
    @has_access
    def refresh(self, name: str, pk: str) -> Response:
        """Ask a register now. A page without scripts gets the card again, others the lines of the card."""
        asked = asked_of(get_client(pk), name) or abort(404)
        REGISTERS[name].check_now(asked)
        if "HX-Request" in request.headers:
            client = get_client(pk)
            return self.render("vat/_status.html", client=client, vat=vat_of(client)[name], name=name)
        return redirect(url_for("ClientView.show", pk=pk))

    @expose(f"/<any({', '.join(REGISTERS)}):name>/<pk>/proofs")
    @has_access
    def proofs(self, name: str, pk: str) -> Response:
        """The last answers of a register that have a number of its own."""
        client = get_client(pk)
        if is_masked(client, "tax_id"):
            abort(404)
        return self.render(
            "vat/_proofs.html", proofs=proofs_of(client.id, name), register=REGISTERS[name], name=name
        )


def asked_of(client: Client, name: str) -> Asked | None:
    """What a register is asked for a client; None for a person, for who has no number that it knows, and where the
    number is masked for the viewer."""
    key = client.tax_id_key
    if client.kind != "company" or not key or is_masked(client, "tax_id") or not REGISTERS[name].knows(key):
        return None
    return Asked(client.id, key)


def vat_of(client: Client) -> dict[str, dict[str, Any]]:
    """What the card shows, by register: its status is None before the first check."""
    found: dict[str, dict[str, Any]] = {}
    for name, register in REGISTERS.items():
        if asked := asked_of(client, name):
            status = status_of(name, asked)
            found[name] = {
                "register": register, "status": status,
                "kind": "success" if status and status.answer in GOOD
                else "danger" if status and status.answer in DOUBTFUL else "",
                "problem": register.problems.get(status.error, "") if status else "",
                "account": account_words(client, status) if status else "",
            }  # fmt: skip
    return found


def account_words(client: Client, status: VatStatus) -> tuple[Any, str] | None:
    """Whether the list has the account that we know of a company, and how that is marked; None where that says
    nothing, or the account is masked."""
    number = iban.compact(client.account_number or "").removeprefix("PL")
    if status.answer != "active" or len(number) != 26 or not number.isdigit():
        return None
    if is_masked(client, "account_number"):
        return None
    if number in status.accounts.split():
        return _l("In the list"), "success"
    if status.virtual:
        return _l("Not in the list, which leaves out the company's virtual accounts"), "warning"
    return _l("Not in the list"), "danger"
