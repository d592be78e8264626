"""The form of a webhook: where to, what of, and with whose eyes."""

from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectMultipleField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from crm.errors import RuleError
from crm.extensions import db
from crm.integrations.webhooks.subscriptions import check_address, event_names, offered
from crm.models import Webhook
from crm.models.webhook import ACTIONS, CREATE, DELETE, UPDATE
from crm.registry import registry
from crm.views.forms.fields import UserField, stripped
from crm.views.forms.form import REQUIRED, RecordForm

#: What an action is called, of a record.
DONE = {CREATE: _l("added"), UPDATE: _l("changed"), DELETE: _l("deleted")}


class EventsField(SelectMultipleField):
    """Boxes to tick: for each type of record what of it is told. What is chosen of modules that are off, stays."""

    def __init__(self, label: Any = None, validators: Any = None, **kw: Any):
        super().__init__(label, validators, choices=[], validate_choice=False, **kw)

    def rows(self) -> list[tuple[Any, list[tuple[str, str, Any, bool]]]]:
        """(type of record, (event, action, words, ticked) of each of its actions)."""
        chosen = set(self.data or ())
        return [
            (
                record,
                [
                    (name := f"{record.key}.{action}", action, DONE[action], name in chosen)
                    for action in ACTIONS
                ],
            )
            for record in offered()
        ]

    def pre_validate(self, form: Any) -> None:
        if not self.data:
            raise ValidationError(_("Tick what is to be told."))
        if set(self.data) - set(event_names()):
            raise ValidationError(_("There is no such choice."))


class WebhookForm(RecordForm):
    name = StringField(
        _l("Name"), [DataRequired(REQUIRED), Length(max=100)], filters=[stripped],
        description=_l("What you know it by: the shop, the accountant's program."),
    )  # fmt: skip
    url = StringField(
        _l("Address"), [DataRequired(REQUIRED), Length(max=1000)], filters=[stripped],
        render_kw={"inputmode": "url"}, description=_l("Begins with https://. Redirects are not followed."),
    )  # fmt: skip
    user = UserField(
        _l("Sees what this user sees"), [InputRequired(REQUIRED)],
        description=_l("Of clients that the user does not see nothing is told."),
    )  # fmt: skip
    events = EventsField(_l("What is told"))

    def validate_url(self, field: Any) -> None:
        try:
            check_address(field.data)
        except RuleError as error:
            raise ValidationError(str(error.description)) from None

    @property
    def chosen_user(self) -> User | None:
        """With whose eyes it is to see."""
        return db.session.get(User, self.user.data) if self.user.data else None

    def fill(self, hook: Webhook) -> None:
        """Write what was sent to a webhook."""
        for field in self.own_fields():
            if field is not self.events:
                field.populate_obj(hook, field.name)
        off = [name for name in hook.events or () if name not in event_names()]
        hook.events = [name for name in event_names() if name in set(self.events.data)] + off


def words_of_events(events: list[str]) -> dict[str, str]:
    """What is told, in words -> the types of records of which just that is; those that are there, as in the menu."""
    found: dict[str, list[str]] = {}
    for record in registry():
        words = [str(DONE[action]) for action in ACTIONS if f"{record.key}.{action}" in events]
        if words:
            found.setdefault(", ".join(words), []).append(str(record.plural))
    return {done: ", ".join(plurals) for done, plurals in found.items()}


def words_of_delivery(record: str, action: str) -> str:
    """What a delivery tells, in words: `Client changed`."""
    known = registry().by_key.get(record)
    return f"{known.label}: {DONE[action]}" if known is not None else _("Test")
