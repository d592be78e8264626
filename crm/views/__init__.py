"""Every page of the product, made from the record types and the few that do more than CRUD."""

from typing import Any

from flask import Flask, current_app
from flask_appbuilder import AppBuilder
from flask_appbuilder.api.manager import SwaggerView
from flask_babel import lazy_gettext as _

from crm.declaration_options import GROUPS
from crm.registry import RecordType, registry
from crm.security import headers
from crm.views import assets, carddav, colours, failures, health, input_guard, mailchimp_hook, templating
from crm.views.api import RecordApi, api_for
from crm.views.api_access import Api
from crm.views.api_keys import ApiKeysView
from crm.views.api_settings import StatusApi, TagApi
from crm.views.archive import ArchiveView
from crm.views.attribute_definition import AttributeDefinitionView
from crm.views.bulk import BulkView
from crm.views.call import CallView
from crm.views.chat import ChatView
from crm.views.client import ClientView
from crm.views.client_actions_api import ClientActionsApi
from crm.views.client_api import ClientApi
from crm.views.client_upsert_api import ClientUpsertApi
from crm.views.company import CompanyPartView, CompanyView
from crm.views.consent import ConsentView
from crm.views.contact import ContactView
from crm.views.contact_actions_api import ContactActionsApi, ToContactApi
from crm.views.contact_api import ContactApi
from crm.views.contact_moves import ContactMovesView, ToContactView
from crm.views.deal import DealView
from crm.views.deal_api import DealApi
from crm.views.document import DocumentView
from crm.views.document_api import DocumentApi
from crm.views.duplicates import DuplicatesView
from crm.views.email import EmailView
from crm.views.event import EventView
from crm.views.gus import GusSettingsView, GusView
from crm.views.id_image import IdImageView
from crm.views.importing import ImportView
from crm.views.invoice import InvoiceView
from crm.views.invoice_api import InvoiceApi
from crm.views.jobs import JobsView
from crm.views.mailchimp import MailchimpView
from crm.views.mailchimp_card import MailchimpCardView
from crm.views.mailchimp_settings import MailchimpSettingsView
from crm.views.merge import MergeView
from crm.views.openapi import OpenApi
from crm.views.operations import OperationView
from crm.views.palette import PaletteView
from crm.views.peppol_card import PeppolCardView
from crm.views.phones import PhonesView
from crm.views.product import ProductView
from crm.views.record import RecordView, view_for
from crm.views.sale import SaleView
from crm.views.sale_api import SaleApi
from crm.views.saved_views import SavedViewPages
from crm.views.search import SearchView
from crm.views.settings import SettingsView
from crm.views.start import StartView
from crm.views.status import StatusView
from crm.views.tag import TagView
from crm.views.task import TaskView
from crm.views.task_list import ProjectView, TaskListView
from crm.views.ticket import TicketCommentView, TicketView
from crm.views.timeline import TimelineView
from crm.views.timer import TimerView
from crm.views.transaction import TransactionView
from crm.views.webhooks import WebhooksView
from crm.views.work_rate import WorkRateView
from crm.views.work_time import WorkTimeView
from crm.views.work_time_api import WorkTimeApi

#: Record types whose pages do more than CRUD, by key.
SPECIAL: dict[str, type[RecordView]] = {
    "attribute_definition": AttributeDefinitionView,
    "bank_account": CompanyPartView,
    "call": CallView,
    "chat": ChatView,
    "client": ClientView,
    "contact": ContactView,
    "deal": DealView,
    "document": DocumentView,
    "email": EmailView,
    "invoice": InvoiceView,
    "event": EventView,
    "number_series": CompanyPartView,
    "product": ProductView,
    "project": ProjectView,
    "sale": SaleView,
    "status": StatusView,
    "tag": TagView,
    "task": TaskView,
    "task_list": TaskListView,
    "ticket": TicketView,
    "ticket_comment": TicketCommentView,
    "work_time": WorkTimeView,
    "transaction": TransactionView,
    "vat_rate": CompanyPartView,
}

#: Record types whose API does more, by key.
SPECIAL_APIS: dict[str, type[RecordApi]] = {
    "client": ClientApi,
    "contact": ContactApi,
    "deal": DealApi,
    "document": DocumentApi,
    "invoice": InvoiceApi,
    "sale": SaleApi,
    "status": StatusApi,
    "tag": TagApi,
    "work_time": WorkTimeApi,
}

#: The APIs that do more than CRUD.
APIS: tuple[type[Api], ...] = (ClientUpsertApi, ClientActionsApi, ContactActionsApi, ToContactApi, OpenApi)

#: The pages that belong to no record type.
PAGES: tuple[type[Any], ...] = (
    TimelineView,
    IdImageView,
    ArchiveView,
    BulkView,
    SearchView,
    PaletteView,
    SavedViewPages,
    MergeView,
    DuplicatesView,
    ImportView,
    ContactMovesView,
    ToContactView,
    OperationView,
    MailchimpCardView,
    ConsentView,
    GusView,
    GusSettingsView,
    MailchimpSettingsView,
    PeppolCardView,
    PhonesView,
    TimerView,
    SwaggerView,
    WebhooksView,
    ApiKeysView,
)

#: Those of them that stand in the menu's settings: page, label, icon.
SETTING_PAGES: tuple[tuple[type[Any], Any, str], ...] = (
    (CompanyView, _("Our company"), "fa-briefcase"),
    (WorkRateView, _("Work time"), "fa-stopwatch"),
    (MailchimpView, _("Mailchimp"), "fa-envelope-open-text"),
    (JobsView, _("Background work"), "fa-gears"),
    (SettingsView, _("All settings"), "fa-gear"),
)


def register(appbuilder: AppBuilder) -> None:
    """Add all pages and APIs to the app, and the menu."""
    # by type, for what answers as the API does without a request: webhooks
    apis = current_app.extensions.setdefault("record_apis", {})
    for name, words in GROUPS.items():
        appbuilder.menu.add_category(name, label=words)
    for record in registry():
        view = view_for(record, SPECIAL.get(record.key, RecordView))
        if record.menu:
            appbuilder.add_view(
                view, record.key, label=record.plural, icon=record.icon, **_menu_group(record)
            )
        else:
            appbuilder.add_view_no_menu(view)
        apis[record.key] = appbuilder.add_api(api_for(record, SPECIAL_APIS.get(record.key, RecordApi)))
    for api in APIS:
        appbuilder.add_api(api)
    for page in PAGES:
        appbuilder.add_view_no_menu(page)
    for page, label, icon in SETTING_PAGES:
        appbuilder.add_view(
            page, page.class_permission_name, label=label, icon=icon, category="Settings",
            category_icon="fa-gear", category_label=_("Settings"),
        )  # fmt: skip


def _menu_group(record: RecordType) -> dict[str, Any]:
    if record.is_setting:
        return {"category": "Settings", "category_icon": "fa-gear", "category_label": _("Settings")}
    if record.group:
        return {"category": record.group, "category_label": GROUPS[record.group]}
    return {}


def register_app(app: Flask) -> None:
    """Add what is no view: input guard, error pages, safety headers, template filters, stylesheet of colours."""
    input_guard.init_app(app)
    failures.register(app)
    headers.init_app(app)
    assets.init_app(app)
    app.register_blueprint(colours.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(carddav.blueprint)
    app.register_blueprint(carddav.well_known)
    app.register_blueprint(mailchimp_hook.blueprint)
    templating.init_app(app)


__all__ = ["StartView", "register", "register_app"]
