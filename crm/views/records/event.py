"""Events: at first an hour of one's own."""

from datetime import timedelta

from flask import g

from crm.models import Event
from crm.models.event import EventAttendee
from crm.models.types import utc_now
from crm.views.records.record import RecordView


class EventView(RecordView):
    """The record view of events."""

    form_template = "event/form.html"
    show_template = "event/show.html"

    def new_item(self) -> Event:
        """The next full hour, with oneself."""
        event = super().new_item()
        event.start = utc_now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        event.end = event.start + timedelta(hours=1)
        event.attendee_links = [EventAttendee(user_id=g.user.id)]
        return event
