"""Task lists and projects: their pages, with the tasks to tick."""

from typing import Any

from flask import g
from flask_appbuilder import expose, has_access
from werkzeug.wrappers import Response

from crm.models import Project
from crm.security.manager import may
from crm.services.lists.figures import load_figures
from crm.services.work.project_parts import children_of, latest_work, lists_of, tasks_of
from crm.views.records.record import RecordView


class TaskListView(RecordView):
    """The record view of task lists."""

    show_template = "task/list.html"

    @expose("/show/<pk>")
    @has_access
    def show(self, pk: str) -> Response:
        item = self.get_item(pk)
        load_figures(self.record, [item])
        return self.render(self.show_template, title=self.title_of(item), item=item, **self.parts(item))

    def parts(self, item: Any) -> dict[str, Any]:
        """What stands on the page beside the record itself."""
        return {"tasks": tasks_of(item) if may("list", "task") else []}

    def new_item(self) -> Any:
        item = super().new_item()
        item.client = item.client or (item.project and item.project.client)
        return item


class ProjectView(TaskListView):
    """The record view of projects."""

    show_template = "project/show.html"

    def parts(self, item: Project) -> dict[str, Any]:
        tasks, lists = super().parts(item)["tasks"], lists_of(item) if may("list", "task_list") else []
        listed = {one.id: [task for task in tasks if task.task_list_id == one.id] for one in lists}
        return {
            "tasks": [task for task in tasks if task.task_list_id not in listed],
            "lists": lists,
            "listed": listed,
            "children": children_of(item),
            "work": latest_work(item) if may("list", "work_time") else [],
        }

    def new_item(self) -> Project:
        """A project is at first answered for by whoever writes it down."""
        item = RecordView.new_item(self)
        item.client = item.client or (item.parent and item.parent.client)
        item.responsible = g.user
        return item
