"""The page of API keys: everybody's own, and all for admins; a new one is shown once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import abort, flash, g, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.security.sqla.models import ApiKey
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from crm.extensions import db
from crm.registry import RecordType, registry
from crm.security.api_keys import RIGHTS, SCOPE, WRITE, create_key, is_over, keys_of, revoke
from crm.security.manager import may
from crm.services.history import audit
from crm.services.modules import is_on
from crm.views.forms.fields import stripped
from crm.views.forms.form import REQUIRED, RecordForm
from crm.views.page import Page

EVERYTHING, READING, SOME = "all", "read", "some"
DAYS = (("30", _l("in 30 days")), ("90", _l("in 90 days")), ("365", _l("in a year")), ("never", _l("never")))


class ApiKeyForm(RecordForm):
    name = StringField(_l("What is it for?"), [DataRequired(REQUIRED), Length(max=100)], filters=[stripped])
    rights = RadioField(
        _l("It may"), default=READING,
        choices=[
            SelectChoice(READING, _l("read all that you see")),
            SelectChoice(EVERYTHING, _l("do all that you may do")),
            SelectChoice(SOME, _l("only what is ticked below")),
        ],
    )  # fmt: skip
    days = SelectField(_l("It ends"), choices=[SelectChoice(*one) for one in DAYS], default="90")


@dataclass(frozen=True)
class Line:
    """A key as the page shows it. may: what its scopes allow, in words; nothing for all that its user may."""

    key: ApiKey
    may: list[str]
    is_over: bool
    made: datetime | None
    used: datetime | None
    ends: datetime | None


class ApiKeysView(Page):
    """`/api-keys/`."""

    route_base = "/api-keys"
    class_permission_name = "api_key"
    default_view = "list"
    method_permission_name = {"list": "list", "add": "add", "revoke": "list"}

    @expose("/")
    @has_access
    def list(self) -> Response:
        everybodys = may("list_any", "api_key")
        lines = [line_of(key) for key in keys_of(None if everybodys else g.user)]
        lines.sort(key=lambda line: line.is_over)
        return self.render("api_key/list.html", title=_("API keys"), lines=lines, everybodys=everybodys)

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> Response:
        form = ApiKeyForm(request.form if request.method == "POST" else None)
        ticked = [one for one in request.form.getlist("scopes") if one in possible_scopes()]
        if request.method == "POST" and form.validate():
            if form.rights.data == SOME and not ticked:
                form.rights.errors = [_("Tick at least one below.")]
            else:
                return self._made(form, ticked)
        status = 422 if form.errors else 200
        return self.render(
            "api_key/form.html", status, title=_("New API key"), form=form, ticked=ticked, records=resources()
        )

    def _made(self, form: ApiKeyForm, ticked: Any) -> Response:
        scopes = {EVERYTHING: None, READING: READING, SOME: ",".join(ticked)}[form.rights.data]
        days = None if form.days.data == "never" else int(form.days.data)
        audit.note_in_session("api_key.made", name=form.name.data, scopes=scopes)
        text = create_key(g.user, form.name.data, scopes, days)
        page = self.render("api_key/made.html", 201, title=_("New API key"), text=text, name=form.name.data)
        page.headers["Cache-Control"] = "no-store"
        return page

    @expose("/<int:pk>/revoke", methods=["POST"])
    @has_access
    def revoke(self, pk: int) -> Response:
        asked = select(ApiKey).where(ApiKey.id == (pk if pk < 2**62 else 0))
        if not may("list_any", "api_key"):
            asked = asked.where(ApiKey.user_id == g.user.id)
        key = db.session.scalar(asked) or abort(404)
        audit.note_in_session("api_key.revoked", name=key.name)
        revoke(key)
        db.session.commit()
        flash(_("The key “%(name)s” lets nobody in any more.", name=key.name), "success")
        return redirect(url_for("ApiKeysView.list"))


def resources() -> list[RecordType]:
    """The record types that a key can be limited to: those that its user may open."""
    return [one for one in registry() if is_on(one.module) and may("list", one.key)]


def possible_scopes() -> set[str]:
    return {f"{one.url_name}:{right}" for one in resources() for right in RIGHTS}


def line_of(key: ApiKey) -> Line:
    given = [scope.strip() for scope in (key.scopes or "").split(",") if scope.strip()]
    times = (key.created_on, key.last_used_on, key.expires_on)
    made, used, ends = (one and one.replace(tzinfo=UTC) for one in times)
    return Line(key, [words_of_scope(scope) for scope in given], is_over(key), made, used, ends)


def words_of_scope(scope: str) -> str:
    """What a scope allows: `Notes: read`."""
    found = SCOPE.fullmatch(scope)
    if found is None:
        return scope
    right = _("read and write") if found["right"] == WRITE else _("read")
    if found["resource"] is None:
        return _("Everything: %(right)s", right=right)
    plural = next(
        (str(one.plural) for one in registry() if one.url_name == found["resource"]), found["resource"]
    )
    return f"{plural}: {right}"
