"""Chats: shown as the messages that their transcripts hold."""

from typing import Any

from werkzeug.wrappers import Response

from crm.models import Chat
from crm.security.masking import shown
from crm.services.transcripts import messages
from crm.views.record import RecordView


class ChatView(RecordView):
    """The record view of chats."""

    show_template = "chat/show.html"

    def render(self, template: str, status: int = 200, **values: Any) -> Response:
        if template == self.show_template:
            chat: Chat = values["item"]
            values["transcript"] = shown(chat, "transcript")
            values["messages"] = messages(values["transcript"])
        return super().render(template, status, **values)
