"""What can go wrong that is the user's to put right."""

from collections.abc import Mapping

from flask_babel import gettext as _
from werkzeug.exceptions import (
    BadRequest,
    Conflict,
    HTTPException,
    RequestEntityTooLarge,
    ServiceUnavailable,
    UnprocessableEntity,
)


class RuleError(BadRequest):
    """A rule of the business was broken. The message is shown to the user, at `field` where one is named."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field

    @property
    def errors(self) -> dict[str, list[str]]:
        return {self.field: [str(self.description)]} if self.field else {}


class StateConflict(Conflict):
    """The row has changed, or is in a state, that does not allow this."""


class UnknownFilter(RuleError):
    """A filter that nobody can understand. It is refused, never ignored."""


class Invalid(UnprocessableEntity):
    """Values that cannot be taken: field -> what is wrong with it, in words for the user."""

    def __init__(self, errors: Mapping[str, list[str]], message: str | None = None):
        super().__init__(message or next((text for texts in errors.values() for text in texts), None))
        self.errors = dict(errors)


class TooLarge(RequestEntityTooLarge):
    """A file, or all that was sent at once, is larger than we take. The message says how large it may be."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field

    @property
    def errors(self) -> dict[str, list[str]]:
        return {self.field: [str(self.description)]} if self.field else {}


class CannotStore(HTTPException):
    """The file store is full or out of reach: not the user's fault, and worth another try later."""

    code = 507
    field = None

    def __init__(self) -> None:
        super().__init__(
            _("The file store is full or cannot be reached. Please try again later, or tell an admin.")
        )


class KeyMissing(ServiceUnavailable):
    """A sensitive value stands under a key that is not there: an admin's to put right, nothing is lost."""

    field = None

    def __init__(self) -> None:
        super().__init__(_("The key that opens sensitive values is missing. Please tell an admin."))
