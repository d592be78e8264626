"""The timer in the header of every page: starting, stopping into work time, giving up."""

from typing import Any
from urllib.parse import urlsplit

from flask import abort, flash, g, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.models import Timer, WorkTime
from crm.models.types import utc_now
from crm.models.work_time import LONGEST
from crm.registry import registry
from crm.security.manager import may
from crm.services.work.timer import find_timer, start_timer, stop_timer
from crm.views.forms.fields import MomentField
from crm.views.forms.form import RecordForm, field_for
from crm.views.page import Page
from crm.views.templating import duration

#: What a timer can be about, and what is asked when it stops.
ABOUT = (WorkTime.description, WorkTime.client, WorkTime.project, WorkTime.task)
AT_THE_END = (WorkTime.description, WorkTime.billable)
TIMES = (WorkTime.start, WorkTime.end)


class TimerView(Page):
    """`/crm/timer/`: what is running, or a form to start it. Its permission is to add work time."""

    route_base = "/crm/timer"
    class_permission_name = "work_time"
    default_view = "show"
    method_permission_name = dict.fromkeys(("show", "panel", "start", "stop", "discard"), "add")

    @expose("/")
    @has_access
    def show(self) -> Response:
        return self.page(find_timer(g.user.id))

    @expose("/panel")
    @has_access
    def panel(self) -> Response:
        """The same as a fragment, for the header."""
        timer = find_timer(g.user.id)
        return self.render("timer/_panel.html", **self.values(timer, with_times=False))

    @expose("/start", methods=["POST"])
    @has_access
    def start(self) -> Response:
        """Start it on what the form names; back to where it was started from."""
        form = form_of(ABOUT)(request.form)
        if not form.validate():
            return self.page(None, form, 422)
        timer = Timer(user_id=g.user.id)
        for field in form.own_fields():
            field.populate_obj(timer, field.name)
        try:
            start_timer(timer)
            db.session.commit()
        except HTTPException as error:
            db.session.rollback()
            flash(str(error.description), "danger")
        return redirect(came_from())

    @expose("/stop", methods=["POST"])
    @has_access
    def stop(self) -> Response:
        """Make work time of it. Times that overlap come back as a form in which they can be changed."""
        timer = find_timer(g.user.id, lock=True)
        if timer is None:
            db.session.rollback()
            flash(_("No timer is running."), "warning")
            return redirect(came_from())
        form = form_of((*AT_THE_END, *TIMES))(request.form)
        if not form.validate():
            return self.page(timer, form, 422)
        start = form["start"].data
        if start == timer.start.replace(second=0):
            # as it was shown, without seconds
            start = None
        try:
            entry = stop_timer(
                timer, form["description"].data, form["billable"].data, start, form["end"].data
            )
            db.session.commit()
        except HTTPException as error:
            db.session.rollback()
            form.form_errors.append(str(error.description))
            return self.page(find_timer(g.user.id), form, 422)
        flash(_("%(time)s h of work saved.", time=duration(entry.seconds)), "success")
        if entry.cut_off:
            flash(_("The timer had run for more than 12 hours. Please check the times."), "warning")
            return redirect(url_for("WorkTimeView.edit", pk=entry.id))
        return redirect(came_from())

    @expose("/discard", methods=["POST"])
    @has_access
    def discard(self) -> Response:
        """Stop it and keep nothing."""
        timer = find_timer(g.user.id, lock=True)
        if timer is not None:
            db.session.delete(timer)
        db.session.commit()
        return redirect(came_from())

    def page(self, timer: Timer | None, form: RecordForm | None = None, status: int = 200) -> Response:
        values = self.values(timer, form, with_times=True)
        return self.render("timer/page.html", status, title=_("Timer"), **values)

    @staticmethod
    def values(
        timer: Timer | None, form: RecordForm | None = None, with_times: bool = False
    ) -> dict[str, Any]:
        """What the templates show: the timer and the form that stops it, or the one that starts it."""
        is_late = timer is not None and timer.start < utc_now() - LONGEST
        if form is None:
            fields = ((*AT_THE_END, *TIMES) if with_times else AT_THE_END) if timer else ABOUT
            form = form_of(fields)(None, obj=timer) if timer else form_of(ABOUT)(request.args)
            if timer and with_times:
                form["end"].data = None
        return {"timer": timer, "form": form, "is_late": is_late, "back": came_from()}


def form_of(attributes: Any) -> type[RecordForm]:
    """A form with some fields of work time, none of which must be filled in."""
    record = registry().by_model[WorkTime]
    seen = (a for a in attributes if a.key not in ("project", "task") or may("list", a.key))
    fields = {
        a.key: MomentField(record.label_of(a.key)) if a in TIMES else field_for(record, a) for a in seen
    }
    return type("TimerForm", (RecordForm,), fields)


def came_from() -> str:
    """The page of ours that a form says it stands on; the start page for anything else."""
    path = request.values.get("next", "")
    parts = urlsplit(path)
    own = (
        path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    )
    return path if own else abort(400) if path else url_for("StartView.index")
