"""The CRM: a low-code admin panel on Flask-AppBuilder."""

import os
from collections.abc import Sequence
from typing import Any

from flask import Flask
from flask_appbuilder import AppBuilder
from werkzeug.middleware.proxy_fix import ProxyFix

import config
from crm import catalogs, cli, database, views
from crm.extensions import csrf, db, migrate
from crm.jobs import queue
from crm.records import RECORDS
from crm.registry import RecordType, Registry
from crm.security import gate, throttling
from crm.security.manager import CRMSecurityManager
from crm.security.passwords import check_password
from crm.services.attributes import reveals as attribute_reveals
from crm.services.files import store as file_store
from crm.services.history import recording


def create_app(records: Sequence[RecordType] = RECORDS, **overrides: Any) -> Flask:
    """Make the application.

    records: the record types it has. overrides: Flask configuration that wins over the environment's.
    Raises SystemExit with one sentence where a setting or a declaration makes no sense.
    """
    database.check_sqlite()
    catalogs.compile_catalogs()
    app = Flask(__name__)
    app.config.from_mapping(config.load(os.environ))
    app.config.update(FAB_PASSWORD_COMPLEXITY_VALIDATOR=check_password)
    app.config.update(overrides)
    proxies = app.config["CRM_PROXIES"]
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0)  # type: ignore[method-assign]
    app.extensions["crm"] = Registry(records)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    csrf.init_app(app)
    db.init_app(app)
    migrate.init_app(app, db, render_as_batch=True, compare_type=True)
    with app.app_context():
        views.register(AppBuilder(app, db.session, security_manager_class=CRMSecurityManager,
                                  indexview=views.StartView))  # fmt: skip
    views.register_app(app)
    gate.register(app)
    throttling.init_app(app, app.extensions["appbuilder"].sm.limiter)
    queue.init_app(app)
    file_store.init_app(app)
    attribute_reveals.init_app(app)
    cli.register(app)
    return app


__all__ = ["create_app", "recording"]
