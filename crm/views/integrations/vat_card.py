"""What registers of VAT say of a company, on its card."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import abort, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import lazy_gettext as _l
from stdnum import iban
from werkzeug.wrappers import Response

from crm.integrations.vat.status import Asked, proofs_of
from crm.integrations.vies import checking as vies
from crm.integrations.vies.words import PROBLEMS as VIES_PROBLEMS
from crm.integrations.white_list import checking as white_list
from crm.integrations.white_list.words import PROBLEMS as WHITE_LIST_PROBLEMS
from crm.models import Client
from crm.security.masking import is_masked
from crm.services.clients.vat import REGISTERS, VIES, WHITE_LIST, Answer, answers_about
from crm.views.page import Page, get_client

#: Answers that are as one wishes, and those that are worth a look.
GOOD, DOUBTFUL = (
    frozenset({"registered", "active"}),
    frozenset({"not_registered", "struck_off", "not_listed"}),
)


@dataclass(frozen=True)
class Check:
    """What the card needs of a register: how it is asked, its failures in words, and what it calls the number of an
    answer of its own."""

    check_now: Callable[[Asked], None]
    problems: Mapping[str, Any]
    reference: Any


CHECKS = {
    VIES: Check(vies.check_now, VIES_PROBLEMS, _l("Consultation number")),
    WHITE_LIST: Check(white_list.check_now, WHITE_LIST_PROBLEMS, _l("Request ID")),
}


class VatCardView(Page):
    """Parts of the card."""

    route_base = "/crm/clients/vat"
    class_permission_name = "client"
    method_permission_name = {"refresh": "edit", "proofs": "show"}

    @expose(f"/<any({', '.join(CHECKS)}):name>/<pk>", methods=["POST"])
    @has_access
    def refresh(self, name: str, pk: str) -> Response:
        """Ask a register now. A page without scripts gets the card again, others the lines of the card."""
        client = get_client(pk)
        if name not in vat_of(client):
            abort(404)
        CHECKS[name].check_now(Asked(client.id, client.tax_id_key or ""))
        if "HX-Request" in request.headers:
            client = get_client(pk)
            return self.render("vat/_status.html", client=client, vat=vat_of(client)[name])
        return redirect(url_for("ClientView.show", pk=pk))

    @expose(f"/<any({', '.join(CHECKS)}):name>/<pk>/proofs")
    @has_access
    def proofs(self, name: str, pk: str) -> Response:
        """The last answers of a register that have a number of its own."""
        client = get_client(pk)
        if is_masked(client, "tax_id"):
            abort(404)
        return self.render("vat/_proofs.html", proofs=proofs_of(client.id, name), register=REGISTERS[name])


def vat_of(client: Client) -> dict[str, dict[str, Any]]:
    """What the card shows, by register; those that are nothing for a client are left out."""
    found: dict[str, dict[str, Any]] = {}
    for name, answers in answers_about([client]).items():
        if answer := answers.get(client.id):
            mark = "success" if answer.answer in GOOD else "danger" if answer.answer in DOUBTFUL else ""
            found[name] = {
                "register": REGISTERS[name], "check": CHECKS[name], "answer": answer, "mark": mark,
                "problem": CHECKS[name].problems.get(answer.error, ""),
                "account": account_words(client, answer),
            }  # fmt: skip
    return found


def account_words(client: Client, answer: Answer) -> tuple[Any, str] | None:
    """Whether the list has the account that we know of a company, and how that is marked; None where that says
    nothing, or the account is masked."""
    number = iban.compact(client.account_number or "").removeprefix("PL")
    if answer.answer != "active" or len(number) != 26 or not number.isdigit():
        return None
    if is_masked(client, "account_number"):
        return None
    if number in answer.accounts.split():
        return _l("In the list"), "success"
    if answer.virtual:
        return _l("Not in the list, which leaves out the company's virtual accounts"), "warning"
    return _l("Not in the list"), "danger"
