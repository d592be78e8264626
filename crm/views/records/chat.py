"""Chats: shown as the messages that their transcripts hold."""

from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.models import Chat
from crm.models.transcripts import messages
from crm.security.masking import shown
from crm.views.records.record import RecordView


class ChatView(RecordView):
    """The record view of chats."""

    show_template = "chat/show.html"

    def render(self, template: str, status: int = 200, **values: Any) -> Response:
        if template == self.show_template:
            chat: Chat = values["item"]
            values["transcript"] = shown(chat, "transcript")
            us = {user.get_full_name() for user in db.session.scalars(select(User))}
            values["messages"] = messages(values["transcript"], us)
        return super().render(template, status, **values)
