"""The start page."""

from flask_appbuilder import IndexView, expose
from flask_login import login_required


class StartView(IndexView):
    """My tasks, and the clients that need attention."""

    index_template = "start.html"

    @expose("/")
    @login_required
    def index(self):
        return self.render_template(self.index_template, title="")
