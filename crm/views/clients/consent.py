"""The consent of a client on its card: every answer, and how Mailchimp has it."""

from typing import Any

from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from crm.integrations.mailchimp.standing import standing_of
from crm.integrations.mailchimp.words import REASONS
from crm.services.clients.consent_ledger import Answer, answers
from crm.views.history.operation_words import words_of_kind
from crm.views.page import Page, get_client

#: Sources that the CRM itself writes.
SOURCES = {"bulk": _l("changed in bulk"), "api": _l("by a program"), "import": _l("by an import")}
STATUSES = {
    "subscribed": _l("subscribed"), "pending": _l("asked to confirm"), "unsubscribed": _l("unsubscribed"),
    "cleaned": _l("address does not work"), "archived": _l("archived"), "transactional": _l("only transactional"),
}  # fmt: skip
#: Kinds of operations that are told beside the answer, since they say how it came to be.
TOLD_KINDS = frozenset({"merge", "unmerge", "undo", "import", "mailchimp", "put_back"})


class ConsentView(Page):
    """A part of the card, loaded when somebody asks for it."""

    route_base = "/crm/clients"
    class_permission_name = "client"
    method_permission_name = {"ledger": "show"}

    @expose("/consent/<pk>")
    @has_access
    def ledger(self, pk: str) -> Response:
        client = get_client(pk)
        return self.render(
            "client/_consent.html", client=client, answers=answers(client), origin=origin,
            standing=standing_of(client), statuses=STATUSES, reasons=REASONS,
        )  # fmt: skip


def origin(answer: Answer) -> str:
    """Where an answer came from, in words."""
    parts: list[Any] = [SOURCES.get(answer.source or "", answer.source)]
    if answer.kind in TOLD_KINDS:
        parts.append(words_of_kind(answer.kind))
    if not answer.own:
        parts.append(_("of a client merged into this one"))
    return " · ".join(str(part) for part in parts if part)
