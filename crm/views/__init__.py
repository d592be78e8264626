"""Every page of the product, made from the record types and the few that do more than CRUD."""

from typing import Any

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_babel import lazy_gettext as _

from crm.registry import RecordType, registry
from crm.security import headers
from crm.views import assets, colours, failures, health, templating
from crm.views.client import ClientView
from crm.views.record import RecordView, view_for
from crm.views.start import StartView

#: Record types whose pages do more than CRUD, by key.
SPECIAL: dict[str, type[RecordView]] = {"client": ClientView}

#: The pages that belong to no record type.
PAGES: tuple[type[Any], ...] = ()


def register(appbuilder: AppBuilder) -> None:
    """Add all pages and APIs to the app, and the menu."""
    for record in registry():
        view = view_for(record, SPECIAL.get(record.key, RecordView))
        if record.menu:
            appbuilder.add_view(
                view, record.key, label=record.plural, icon=record.icon, **_menu_group(record)
            )
        else:
            appbuilder.add_view_no_menu(view)
    for page in PAGES:
        appbuilder.add_view_no_menu(page)


def _menu_group(record: RecordType) -> dict[str, Any]:
    if record.is_setting:
        return {"category": "Settings", "category_icon": "fa-gear", "category_label": _("Settings")}
    return {}


def register_app(app: Flask) -> None:
    """Add what is no view: error pages, safety headers, template filters, the stylesheet of colours."""
    failures.register(app)
    headers.init_app(app)
    assets.init_app(app)
    app.register_blueprint(colours.blueprint)
    app.register_blueprint(health.blueprint)
    templating.init_app(app)


__all__ = ["StartView", "register", "register_app"]
