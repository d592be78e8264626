"""Every page of the product, made from the record types and the few that do more than CRUD."""

from typing import Any

from flask import Flask, current_app
from flask_appbuilder import AppBuilder
from flask_appbuilder.api.manager import SwaggerView
from flask_babel import lazy_gettext as _

from crm.declaration_options import GROUPS
from crm.registry import RecordType, registry
from crm.security import headers
from crm.views import assets, colours, failures, health, input_guard, templating
from crm.views.api.access import Api
from crm.views.api.client import ClientApi
from crm.views.api.client_actions import ClientActionsApi
from crm.views.api.client_upsert import ClientUpsertApi
from crm.views.api.contact import ContactApi
from crm.views.api.contact_actions import ContactActionsApi, ToContactApi
from crm.views.api.deal import DealApi
from crm.views.api.document import DocumentApi
from crm.views.api.invoice import InvoiceApi
from crm.views.api.openapi import OpenApi
from crm.views.api.record_api import RecordApi, api_for
from crm.views.api.sale import SaleApi
from crm.views.api.status_and_tag import StatusApi, TagApi
from crm.views.api.work_time import WorkTimeApi
from crm.views.attributes.definition import AttributeDefinitionView
from crm.views.bulk.pages import BulkView
from crm.views.clients.archive import ArchiveView
from crm.views.clients.client import ClientView
from crm.views.clients.consent import ConsentView
from crm.views.clients.duplicates import DuplicatesView
from crm.views.clients.id_image import IdImageView
from crm.views.clients.merge import MergeView
from crm.views.clients.timeline import TimelineView
from crm.views.history.operations import OperationView
from crm.views.importing.pages import ImportView
from crm.views.integrations import carddav, mailchimp_hook
from crm.views.integrations.gus import GusSettingsView
from crm.views.integrations.look_up import LookUpView
from crm.views.integrations.mailchimp import MailchimpView
from crm.views.integrations.mailchimp_card import MailchimpCardView
from crm.views.integrations.mailchimp_settings import MailchimpSettingsView
from crm.views.integrations.peppol_card import PeppolCardView
from crm.views.integrations.peppol_settings import PeppolSettingsView
from crm.views.integrations.phones import PhonesView
from crm.views.integrations.vat_card import VatCardView
from crm.views.integrations.vat_settings import VatSettingsView
from crm.views.integrations.webhooks import WebhooksView
from crm.views.palette import PaletteView
from crm.views.records.call import CallView
from crm.views.records.chat import ChatView
from crm.views.records.contact import ContactView
from crm.views.records.contact_moves import ContactMovesView, ToContactView
from crm.views.records.deal import DealView
from crm.views.records.document import DocumentView
from crm.views.records.email import EmailView
from crm.views.records.event import EventView
from crm.views.records.invoice import InvoiceView
from crm.views.records.product import ProductView
from crm.views.records.record import RecordView, view_for
from crm.views.records.sale import SaleView
from crm.views.records.task import TaskView
from crm.views.records.task_list import ProjectView, TaskListView
from crm.views.records.ticket import TicketCommentView, TicketView
from crm.views.records.timer import TimerView
from crm.views.records.transaction import TransactionView
from crm.views.records.work_time import WorkTimeView
from crm.views.saved_views import SavedViewPages
from crm.views.search import SearchView
from crm.views.settings.api_keys import ApiKeysView
from crm.views.settings.company import CompanyPartView, CompanyView
from crm.views.settings.jobs import JobsView
from crm.views.settings.overview import SettingsView
from crm.views.settings.status import StatusView
from crm.views.settings.tag import TagView
from crm.views.settings.work_rate import WorkRateView
from crm.views.start import StartView

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
    LookUpView,
    GusSettingsView,
    MailchimpSettingsView,
    PeppolCardView,
    PeppolSettingsView,
    VatCardView,
    VatSettingsView,
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
