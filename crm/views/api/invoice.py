"""The API of invoices: who was seller and buyer as issued, and what happens to an invoice beside being written."""

from typing import Any

from flask import Response, request
from flask_appbuilder.api import expose
from sqlalchemy import or_

from crm.models import Invoice
from crm.models.types import today
from crm.services.clients.as_json import plain
from crm.services.sales import invoicing
from crm.views.api import description as document
from crm.views.api.access import access, body, check_version
from crm.views.api.record_api import RecordApi, read_since
from crm.views.api.schemas import Schemas
from crm.views.records.invoice import paper_of

#: Beside the fields: what an issued invoice of ours keeps of others.
AS_ISSUED = ("seller", "buyer", "account")
RATE: document.Schema = {
    "type": "object",
    "properties": dict.fromkeys(("rate", "label"), document.TEXT)
    | {name: {"type": "number"} for name in ("net", "vat", "gross")},
}
REASON: document.Schema = {
    "type": "object",
    "properties": {"reason": document.TEXT},
    "additionalProperties": False,
}


class InvoiceApi(RecordApi):
    """The record API of invoices, with issue, cancel and correct."""

    more_routes = frozenset({"issue", "cancel", "correct"})
    method_permission_name = {"issue": "issue", "cancel": "cancel", "correct": "issue"}

    def changed_since(self, text: str) -> Any:
        """Payments and corrections change how an invoice stands, though nobody edits it."""
        return or_(super().changed_since(text), Invoice.settled_at >= read_since(text))

    def one_json(self, item: Invoice) -> dict[str, Any]:
        """With the invoice that it corrects; of ours that are issued, with seller, buyer and VAT as issued."""
        found: dict[str, Any] = {**super().one_json(item), "corrects": item.corrects_id, "sale": item.sale_id}
        if item.as_issued:
            paper = paper_of(item)
            found |= {name: paper[name] for name in AS_ISSUED}
            found["vat_by_rate"] = [
                {name: plain(value) for name, value in row.items()} for row in paper["vat"]
            ]
        return found

    def write(self, item: Invoice, data: dict[str, Any]) -> None:
        """A new one takes from its client what is not sent."""
        super().write(item, data)
        if item.id is None and item.client is not None:
            day = item.issue_date or today()
            for name, value in invoicing.terms_of(item.client, item.kind, day).items():
                if name not in data and (name != "due" or item.issue_date is not None):
                    setattr(item, name, value)

    def seen_item(self, pk: str) -> Invoice:
        """The invoice, if it is still as the caller knows it."""
        invoice: Invoice = self.get_item(pk)
        check_version(invoice)
        return invoice

    @expose("/<pk>/issue", methods=["POST"])
    @access
    def issue(self, pk: str) -> Response:
        """Give a draft its number and freeze it."""
        invoice = self.seen_item(pk)
        invoicing.issue(invoice)
        return self.saved(invoice, 200)

    @expose("/<pk>/cancel", methods=["POST"])
    @access
    def cancel(self, pk: str) -> Response:
        """Cancel an issued invoice: `{"reason": "…"}`."""
        invoice = self.seen_item(pk)
        invoicing.cancel(invoice, asked_reason())
        return self.saved(invoice, 200)

    @expose("/<pk>/correct", methods=["POST"])
    @access
    def correct(self, pk: str) -> Response:
        """Begin a correction, which is answered as a draft: `{"reason": "…"}`."""
        return self.saved(invoicing.correct(self.seen_item(pk), asked_reason()), 201)

    # -- how it is described

    def schemas(self) -> Schemas:
        more: document.Schema = {name: {"type": "object", "nullable": True} for name in AS_ISSUED}
        more |= {name: {**document.NUMBER_OF_ROW, "nullable": True} for name in ("corrects", "sale")}
        more["vat_by_rate"] = {"type": "array", "items": RATE}
        return super().schemas().with_properties({n: {**one, "readOnly": True} for n, one in more.items()})

    def add_api_spec(self, api_spec: Any) -> None:
        super().add_api_spec(api_spec)
        number = document.parameter("pk", "The number of the record.", document.NUMBER_OF_ROW, "path")
        for name, words, status, sent in (
            ("issue", "Issue a draft: it gets its number", "200", {}),
            ("cancel", "Cancel an issued invoice", "200", {"requestBody": {"content": document.content(REASON)}}),
            ("correct", "Begin a correction, a draft of its own", "201",
             {"requestBody": {"content": document.content(REASON)}}),
        ):  # fmt: skip
            done = {status: document.ok(document.ref("InvoiceAnswer"), "Done.", True)}
            post = document.operation(api_spec, self.record.key, words, done, document.WRITING, **sent)
            api_spec.path(
                path=f"{self.route_base}/{{pk}}/{name}",
                operations={"post": post},
                parameters=[number, document.IF_MATCH],
            )


def asked_reason() -> str | None:
    """The reason in the JSON that was sent, if any was."""
    data = body("reason") if request.data else {}
    value = data.get("reason")
    return value if isinstance(value, str) else None
