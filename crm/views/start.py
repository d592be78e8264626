"""The start page: my tasks, the clients that need attention, and where something has happened."""

from flask import g
from flask_appbuilder import IndexView, expose
from flask_login import login_required

from crm.integrations.webhooks.subscriptions import switched_off_by_themselves
from crm.jobs.standing import troubled_runs
from crm.security.manager import may
from crm.services import agenda
from crm.views.settings.jobs import WORDS_OF_JOBS, page_of


class StartView(IndexView):
    """What a user wants to see first."""

    index_template = "start.html"

    @expose("/")
    @login_required
    def index(self):
        clients, tasks = may("list", "client"), may("list", "task")
        mine = agenda.my_tasks(g.user.id) if tasks else None
        return self.render_template(
            self.index_template,
            title="",
            may=may,
            tasks=mine,
            overdue=agenda.overdue(mine) if mine else 0,
            attention=agenda.needing_attention() if clients else None,
            recent=agenda.lately_active() if clients else [],
            webhooks_off=switched_off_by_themselves() if may("edit", "webhook") else [],
            any_client=clients and agenda.any_client(),
            troubles=troubled_runs() if may("list", "jobs") else [],
            labels=WORDS_OF_JOBS,
            page_of=page_of,
        )
