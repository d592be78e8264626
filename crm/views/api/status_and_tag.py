"""What the API does its own way for statuses and tags: deleting those that clients have."""

from typing import Any

from flask import request

from crm.models import Status, Tag
from crm.services.clients import status_admin, tag_admin
from crm.services.clients.filters import NONE, unreadable
from crm.services.clients.statuses import all_statuses
from crm.views.api.description import parameter
from crm.views.api.record_api import RecordApi
from crm.views.api.schemas import Schema


class StatusApi(RecordApi):
    """`DELETE /api/v1/statuses/3?replacement=active`: its clients go to that status, `none` clears theirs."""

    def remove(self, item: Any) -> None:
        code = request.args.get("replacement", "")
        others: dict[str, Status] = {status.code: status for status in all_statuses()}
        if code and code != NONE and code not in others:
            raise unreadable("replacement", code)
        status_admin.delete_status(item, others.get(code), clear=code == NONE)

    def delete_parameters(self) -> list[Schema]:
        return [parameter("replacement", "The code of the status that its clients get; none for no status.")]


class TagApi(RecordApi):
    """Deleting a tag takes it off every client."""

    def remove(self, item: Tag) -> None:
        tag_admin.delete_tag(item)
