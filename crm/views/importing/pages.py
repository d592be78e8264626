"""Importing a file: upload, columns, check, run, result; the imports there were, and taking one back."""

from typing import Any

from flask import Response as Stream
from flask import abort, flash, g, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from crm.errors import CannotStore, RuleError, StateConflict, TooLarge
from crm.extensions import db
from crm.jobs.runs import ask_for
from crm.models import ImportMapping, ImportRun
from crm.models.import_run import (
    CHECKED,
    CHECKING,
    CREATED,
    DONE,
    DRAFT,
    FAILED,
    REFUSED,
    REVERTING,
    RUNNING,
    SKIPPED,
    STOPPED,
    UNCHANGED,
    UPDATED,
    VERDICTS,
)
from crm.registry import RecordType, registry
from crm.services.exporting.export import TABLES
from crm.services.files.uploads import largest
from crm.services.importing import results, starting
from crm.services.importing.fields import importable
from crm.services.importing.files import source_of
from crm.services.importing.plan import KEYS, Plan
from crm.services.importing.running import KIND
from crm.services.lists.listing import whole
from crm.views.importing.forms import PlanForm, ReadingForm, grouped_fields, read_mapping, with_tags
from crm.views.page import Page, read_id
from crm.views.records.file_answers import disposition
from crm.views.settings.jobs import is_worked

PREVIEW = 3
ENDINGS = ".csv,.tsv,.txt,.xlsx,.vcf,.vcard"
STATES = {
    DRAFT: _l("Being prepared"), CHECKING: _l("Being checked"), CHECKED: _l("Checked"), RUNNING: _l("Running"),
    DONE: _l("Done"), STOPPED: _l("Stopped"), FAILED: _l("Failed"), REVERTING: _l("Being taken back"),
}  # fmt: skip
STATE_KINDS = {DONE: "success", FAILED: "danger", STOPPED: "warning", CHECKED: "info", RUNNING: "info"}
#: What the verdicts are called: of a check, and of what was done.
WOULD = {
    CREATED: _l("new"), UPDATED: _l("to be updated"), UNCHANGED: _l("unchanged"), SKIPPED: _l("to be skipped"),
    REFUSED: _l("not possible"),
}  # fmt: skip
DID = {
    CREATED: _l("added"), UPDATED: _l("updated"), UNCHANGED: _l("unchanged"), SKIPPED: _l("skipped"),
    REFUSED: _l("not imported"),
}  # fmt: skip
VERDICT_KINDS = {CREATED: "success", UPDATED: "info", REFUSED: "danger"}


class ImportView(Page):
    route_base = "/crm/clients/import"
    class_permission_name = "client"
    default_view = "index"
    method_permission_name = dict.fromkeys(
        ("index", "show", "read", "plan", "progress", "run", "check", "stop", "revert", "forget", "errors", "use",
         "forget_mapping"),
        "import",
    )  # fmt: skip

    @expose("/", methods=["GET", "POST"])
    @has_access
    def index(self) -> Response:
        """The imports there were, and the next."""
        key = request.values.get("record") or "client"
        message, status = "", 200
        if request.method == "POST":
            try:
                return self._begin(starting.find_record(key))
            except (RuleError, TooLarge, CannotStore) as error:
                db.session.rollback()
                message, status = str(error.description), error.code or 422
        runs = starting.imports()
        return self.render(
            "importing/index.html", status, title=_("Import"), runs=runs, records=importable(), chosen=key,
            message=message, endings=ENDINGS, limit=largest() // 1024**2, **words_of(), undone=undone(runs),
            by_key=registry().by_key,
        )  # fmt: skip

    def _begin(self, record: RecordType) -> Response:
        upload = request.files.get("file")
        if upload is None or not upload.filename:
            raise RuleError(_("Choose a file."), field="file")
        # reading a large file takes seconds: let go of the database, so that others can write meanwhile
        db.session.rollback()
        run = starting.begin(upload.stream, upload.filename, record)
        db.session.commit()
        return redirect(url_for("ImportView.show", pk=run.id))

    @expose("/<pk>")
    @has_access
    def show(self, pk: str) -> Response:
        """One import: its columns where it is still to be prepared, else what became of its rows."""
        run = get_import(pk)
        if run.state == DRAFT or (
            request.args.get("edit") and not starting.has_begun(run) and not run.is_working
        ):
            return self._columns(run)
        return self.render("importing/show.html", title=run.name, **result(run))

    def _columns(
        self, run: ImportRun, form: PlanForm | None = None, message: str = "", status: int = 200
    ) -> Response:
        record, sent = registry()[run.record], request.form if form is not None else None
        try:
            with source_of(run) as source:
                sample, headings = source.sample(PREVIEW), source.headings
        except RuleError as error:
            sample, headings, message = [], [], message or str(error.description)
        plan = Plan.of_json(run.record, run.plan)
        mapping = (
            plan.mapping if sent is None else {n: sent.get(f"column-{n}", "") for n in range(len(headings))}
        )
        return self.render(
            "importing/columns.html", status, title=run.name, run=run, record=record, headings=headings,
            sample=sample, mapping=mapping, groups=grouped_fields(record), message=message,
            form=form or with_tags(plan, PlanForm(record, plan=plan)), reading=ReadingForm(run.options),
            mappings=starting.mappings_of(record), mapping_name=request.form.get("mapping_name", ""),
        )  # fmt: skip

    @expose("/<pk>/plan", methods=["POST"])
    @has_access
    def plan(self, pk: str) -> Response:
        """Keep what was chosen, and go on to the check or to the import itself."""
        run = get_import(pk, lock=True)
        record, form = registry()[run.record], PlanForm(registry()[run.record], request.form)
        try:
            with source_of(run) as source:
                headings = source.headings
            mapping = read_mapping(record, request.form, len(headings))
            if not form.validate():
                raise RuleError(_("Please check what is marked."))
            if not starting.has_begun(run):
                starting.check_state(run, *starting.AT_REST)
                run.plan = form.plan(record, mapping).as_json()
            if name := request.form.get("mapping_name", "").strip():
                starting.keep_mapping(run, name, headings)
            if request.form.get("then") == "keep":
                db.session.commit()
                flash(_("Kept."), "success")
                return redirect(url_for("ImportView.show", pk=pk, edit="yes"))
            (starting.ask_run if request.form.get("then") == "run" else starting.ask_check)(run)
        except (RuleError, StateConflict) as error:
            db.session.rollback()
            return self._columns(get_import(pk), form, str(error.description), error.code or 422)
        return self._tell_job(pk)

    @expose("/<pk>/read", methods=["POST"])
    @has_access
    def read(self, pk: str) -> Response:
        """Read the file in another way."""
        run = get_import(pk, lock=True)
        form = ReadingForm(run.options, request.form)
        try:
            if not form.validate():
                raise RuleError(_("There is no such choice."))
            starting.read_again(run, form.options())
            db.session.commit()
        except (RuleError, StateConflict) as error:
            db.session.rollback()
            flash(str(error.description), "danger")
        return redirect(url_for("ImportView.show", pk=pk, edit="yes"))

    @expose("/<pk>/use/<mapping>", methods=["POST"])
    @has_access
    def use(self, pk: str, mapping: str) -> Response:
        """Take the columns and choices of a kept mapping."""
        run = get_import(pk, lock=True)
        kept = db.session.get(ImportMapping, read_id(mapping)) or abort(404)
        if kept.record != run.record or starting.has_begun(run):
            abort(409)
        with source_of(run) as source:
            run.plan = starting.plan_of(kept, source.headings).as_json()
        db.session.commit()
        return redirect(url_for("ImportView.show", pk=pk, edit="yes"))

    @expose("/mapping/<pk>/forget", methods=["POST"])
    @has_access
    def forget_mapping(self, pk: str) -> Response:
        kept = db.session.get(ImportMapping, read_id(pk)) or abort(404)
        db.session.delete(kept)
        db.session.commit()
        flash(_("Deleted."), "success")
        return redirect(request.referrer if _is_ours(request.referrer) else url_for("ImportView.index"))

    @expose("/<pk>/progress")
    @has_access
    def progress(self, pk: str) -> Response:
        """How an import stands, as a part of its page, which is loaded anew once it has ended."""
        run = get_import(pk)
        answer = self.render("importing/_progress.html", **result(run))
        if not run.is_working:
            answer.headers["HX-Refresh"] = "true"
        return answer

    @expose("/<pk>/check", methods=["POST"])
    @has_access
    def check(self, pk: str) -> Response:
        return self._ask(pk, starting.ask_check)

    @expose("/<pk>/run", methods=["POST"])
    @has_access
    def run(self, pk: str) -> Response:
        return self._ask(pk, starting.ask_run)

    @expose("/<pk>/revert", methods=["POST"])
    @has_access
    def revert(self, pk: str) -> Response:
        return self._ask(pk, starting.ask_revert)

    @expose("/<pk>/stop", methods=["POST"])
    @has_access
    def stop(self, pk: str) -> Response:
        run = get_import(pk)
        try:
            starting.ask_stop(run)
            db.session.commit()
        except StateConflict as error:
            db.session.rollback()
            flash(str(error.description), "warning")
        return redirect(url_for("ImportView.show", pk=pk))

    @expose("/<pk>/forget", methods=["POST"])
    @has_access
    def forget(self, pk: str) -> Response:
        """Take an import off the list, with its file."""
        try:
            starting.forget(get_import(pk, lock=True))
            db.session.commit()
        except StateConflict as error:
            db.session.rollback()
            flash(str(error.description), "danger")
            return redirect(url_for("ImportView.show", pk=pk))
        return redirect(url_for("ImportView.index"))

    @expose("/<pk>/errors")
    @has_access
    def errors(self, pk: str) -> Response:
        """The rows that were refused, as a file to mend and import again."""
        run = get_import(pk)
        if not results.has_errors(run):
            abort(404)
        kind = TABLES["xlsx" if results.is_sheet(run) else "csv"]
        content = results.error_file(run)
        answer = Stream(content, content_type=kind)
        answer.call_on_close(content.close)
        answer.headers["Content-Disposition"] = disposition("attachment", results.error_name(run))
        return answer

    def _ask(self, pk: str, what: Any) -> Response:
        try:
            what(get_import(pk, lock=True))
        except StateConflict as error:
            db.session.rollback()
            flash(str(error.description), "danger")
            return redirect(url_for("ImportView.show", pk=pk))
        return self._tell_job(pk)

    def _tell_job(self, pk: str) -> Response:
        ask_for(KIND, {}, g.user.id)
        db.session.commit()
        return redirect(url_for("ImportView.show", pk=pk))


def get_import(pk: str, lock: bool = False) -> ImportRun:
    """The import with this number, if the user may look at it; 404 otherwise."""
    run = starting.find_import(read_id(pk)) or abort(404)
    if lock:
        db.session.refresh(run, with_for_update={"of": ImportRun})
    return run


def words_of() -> dict[str, Any]:
    return {"states": STATES, "state_kinds": STATE_KINDS, "would": WOULD, "did": DID}


def undone(runs: list[ImportRun]) -> set[int]:
    """The numbers of those imports that were taken back."""
    return starting.taken_back([run.operation_id for run in runs if run.operation_id])


def result(run: ImportRun) -> dict[str, Any]:
    """All that the page of an import tells."""
    verdict, number = request.args.get("verdict", ""), whole(request.args, "page", 1, 100_000)
    if verdict and verdict not in VERDICTS:
        abort(400, description=_("There is no filter “%(name)s” here.", name=verdict[:60]))
    shown = run.counts.get(verdict, 0) if verdict else sum(run.counts.values())
    return {
        "run": run, "record": registry()[run.record], "verdict": verdict, "page": number,
        "pages": -(-shown // results.PAGE_SIZE), "shown": shown, "verdicts": VERDICTS,
        "rows": [] if run.is_working else results.page_of_rows(run, verdict, number),
        "labels": results.labels_of(run), "in_words": results.in_words, "field_names": results.field_names,
        "is_check": not starting.has_begun(run),
        "keys": KEYS[run.record], "undone_by": starting.undone_by(run), "is_worked": is_worked(),
        "verdict_kinds": VERDICT_KINDS, **words_of(),
    }  # fmt: skip


def _is_ours(address: str | None) -> bool:
    return bool(address) and str(address).startswith(request.host_url)
