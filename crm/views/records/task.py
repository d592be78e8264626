"""Tasks: ticked off in place."""

from flask import abort, g, redirect, request
from flask_appbuilder import expose, has_access
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.models import Task
from crm.models.task import TaskAssignee
from crm.registry import registry
from crm.services.history.log import operation
from crm.services.lists.figures import load_figures
from crm.views.records.record import RecordView


class TaskView(RecordView):
    """The record view of tasks."""

    show_template = "task/show.html"
    more_routes = frozenset({"done"})
    method_permission_name = {"done": "edit"}

    @expose("/done/<pk>", methods=["POST"])
    @has_access
    def done(self, pk: str) -> Response:
        """Tick a task off, or take the tick away.

        `?client=yes` where the row names its client; `?within=task_list|project` on the page of such a one, whose
        progress follows.
        """
        task: Task = self.get_item(pk)
        if not self.may_change(task, "edit"):
            abort(403)
        if request.form.get("done") not in ("yes", "no"):
            abort(400)
        with operation("task.done", client_id=task.client_id):
            task.done = request.form["done"] == "yes"
            db.session.commit()
        if "HX-Request" not in request.headers:
            return redirect(self.url_after(task))
        within = request.args.get("within", "")
        wholes = [task.project, task.task_list] if within == "project" else [task.task_list] if within else []
        wholes = [one for one in wholes if one is not None]
        for one in wholes:
            load_figures(registry().by_model[type(one)], [one])
        named = request.args.get("client") == "yes"
        return self.render("client/_task_row.html", item=task, wholes=wholes, of_client=named, within=within)

    def new_item(self) -> Task:
        """A task is at first to be done by whoever writes it down."""
        task = super().new_item()
        task.assignee_links = [TaskAssignee(user_id=g.user.id)]
        with db.session.no_autoflush:
            task.settle()
        return task
