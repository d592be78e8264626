"""The REST API of work time: every record's; without a user named, it is the caller's own."""

from typing import Any

from flask_appbuilder.security.sqla.models import User

from crm.extensions import db
from crm.models import WorkTime
from crm.security.viewer import actor_id
from crm.views.api.record_api import RecordApi


class WorkTimeApi(RecordApi):
    """List, read, add, change and delete work time."""

    def write(self, item: WorkTime, data: dict[str, Any]) -> None:
        if item.id is None:
            item.user = db.session.get(User, actor_id())
            data = {name: value for name, value in data.items() if name != "user" or value is not None}
        super().write(item, data)
