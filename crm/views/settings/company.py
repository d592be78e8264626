"""Settings of our own company: one form, and what belongs to it below."""

from typing import Any

from flask import Response, abort, flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as Answer
from wtforms import BooleanField, FileField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Company
from crm.models.company import LONGEST_PERIOD
from crm.models.identifiers import tax_id_is_wrong
from crm.models.types import today
from crm.registry import registry
from crm.services.clients import photos
from crm.services.clients.rules import is_web_address
from crm.services.history.log import operation
from crm.services.sales import company as ours
from crm.services.sales.numbering import next_numbers, number_series
from crm.views.clients.form import within
from crm.views.forms.fields import NumberField, stripped
from crm.views.forms.form import REQUIRED, RecordForm, one_email
from crm.views.forms.iso_fields import CountryField, CurrenciesField, CurrencyField, LanguageField
from crm.views.page import Page
from crm.views.records.record import RecordView

PICTURES = ("logo", "remove_logo")


def short_text(label: Any, name: str, *more: Any, **kw: Any) -> StringField:
    """A field for a text column of the company."""
    length = Company.__table__.c[name].type.length
    return StringField(label, [*more, Length(max=length)], filters=[stripped], **kw)


class CompanyForm(RecordForm):
    name = short_text(_l("Name"), "name", DataRequired(REQUIRED))
    tax_id = short_text(_l("Tax ID"), "tax_id")
    registration = TextAreaField(
        _l("Other registration numbers"), [Length(max=1000)], filters=[stripped], render_kw={"rows": 2},
        description=_l("One a line, as they are printed."),
    )  # fmt: skip
    street = short_text(_l("Street"), "street")
    postal_code = short_text(_l("Postal code"), "postal_code")
    city = short_text(_l("City"), "city")
    region = short_text(_l("Region"), "region")
    country = CountryField(_l("Country"), [DataRequired(REQUIRED)])
    email = short_text(_l("E-mail"), "email", one_email, render_kw={"type": "email"})
    phone = short_text(_l("Phone"), "phone", render_kw={"type": "tel"})
    website = short_text(_l("Website"), "website", render_kw={"inputmode": "url"})
    default_currency = CurrencyField(_l("Default currency"), [DataRequired(REQUIRED)])
    currencies = CurrenciesField(_l("Currencies in use"))
    payment_days = NumberField(
        _l("Days until an invoice is due"), [within(0, LONGEST_PERIOD, _l("From 0 to 3650 days."))], places=0,
        description=_l("For clients without a payment period of their own."),
    )  # fmt: skip
    document_language = LanguageField(_l("Language of documents"), [DataRequired(REQUIRED)])
    logo = FileField(_l("Logo"), render_kw={"accept": "image/png,image/jpeg,image/webp,image/gif"})
    remove_logo = BooleanField(_l("Remove the logo"))

    def own_fields(self) -> list[Any]:
        """All but the logo, which is replaced, not compared."""
        return [field for field in super().own_fields() if field.name not in PICTURES]


class CompanyView(Page):
    """`/settings/company`."""

    route_base = "/settings/company"
    class_permission_name = "company"
    default_view = "edit"
    method_permission_name = {"edit": "edit"}

    @expose("", methods=["GET", "POST"])
    @has_access
    def edit(self) -> Answer:
        company = ours.our_company()
        if request.method == "GET":
            form = CompanyForm(obj=company)
            form.remember_base()
            return self._page(form)
        form = CompanyForm(request.form, obj=company)
        form.logo.process(request.files)
        doubts, picture = self._checked(form)
        if form.errors or doubts:
            return self._page(form, doubts, 422)
        try:
            # conflicts with what somebody else saved meanwhile are put at their fields
            db.session.refresh(company, with_for_update=True)
            if not form.apply_to(company, CompanyForm(None, obj=company)):
                db.session.rollback()
                return self._page(form, status=409)
            if picture is not None or form.remove_logo.data:
                ours.set_logo(company, picture)
            with operation("company"):
                db.session.commit()
        except RuleError as error:
            RecordView.refuse(form, str(error.description), error.field)
            return self._page(form, status=422)
        except StaleDataError:
            RecordView.refuse(form, _("Somebody else has just changed this. Please save again."))
            return self._page(form, status=409)
        flash(_("Company saved."), "success")
        return redirect(url_for("CompanyView.edit"))

    @staticmethod
    def _checked(form: CompanyForm) -> tuple[dict[str, str], photos.Picture | None]:
        """What looks wrong and was not confirmed, and the new logo; mistakes stand at their fields."""
        form.validate()
        form.forgive_unsent()
        if form.website.data and not is_web_address(form.website.data):
            form.website.errors = [_("This is not a web address.")]
        picture, upload = None, form.logo.data
        if isinstance(upload, FileStorage) and upload.filename:
            try:
                picture = photos.prepare(upload.stream)
            except RuleError as error:
                form.logo.errors = [str(error.description)]
        tax_id, doubts = form.tax_id.data, {}
        wrong = tax_id and tax_id_is_wrong(tax_id, form.country.data)
        if wrong and f"tax_id={tax_id}" not in request.form.getlist("keep"):
            doubts["tax_id"] = _("This tax ID does not follow its country's rule.")
        return doubts, picture

    def _page(self, form: CompanyForm, doubts: Any = None, status: int = 200) -> Answer:
        numbers = next_numbers(today())
        return self.render(
            "settings/company.html", status, title=_("Our company"), form=form, doubts=doubts or {},
            logo=ours.find_logo(), accounts=ours.bank_accounts(unused=True),
            rates=ours.vat_rates(unused=True), numbers=numbers,
            records={key: registry()[key] for key in ("bank_account", "vat_rate", "number_series")},
            series=number_series(),
        )  # fmt: skip

    @expose("/logo")
    @login_required
    def logo(self) -> Response:
        """The logo, for everybody who is signed in: it stands on documents."""
        logo = ours.find_logo(with_image=True) or abort(404)
        response = Response(logo.image, mimetype=logo.content_type)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Disposition"] = "inline"
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response.cache_control.private = True
        response.cache_control.no_cache = True
        response.set_etag(logo.digest)
        return response.make_conditional(request)


class CompanyPartView(RecordView):
    """What belongs to our company: bank accounts, VAT rates, number series."""

    def url_after(self, item: Any) -> str:
        return url_for("CompanyView.edit") + f"#{self.record.url_name}"

    def url_after_delete(self, item: Any) -> str:
        return self.url_after(item)
