"""What a password must be like; set as FAB_PASSWORD_COMPLEXITY_VALIDATOR."""

import re

from flask_appbuilder.exceptions import PasswordComplexityValidationError
from flask_babel import gettext as _

SHORTEST = 12
FEWEST_DIFFERENT = 5
# what people type first when they are asked for a password
WORN = re.compile(
    "password|passwort|passw0rd|haslo|hasło|qwerty|qwertz|asdf|zxcv|letmein|welcome|witaj|admin|secret|"
    "iloveyou|dragon|monkey|polska|changeme|abc|123"
)


def check_password(password: str) -> None:
    """Raises PasswordComplexityValidationError, with a sentence for the user, for one too easy to guess."""
    folded = password.casefold()
    if len(password) < SHORTEST:
        raise PasswordComplexityValidationError(
            _("Use at least %(number)s characters; a few words are fine.", number=SHORTEST)
        )
    if len(set(folded)) < FEWEST_DIFFERENT or len(re.sub(r"[\W\d_]+", "", WORN.sub("", folded))) < 4:
        raise PasswordComplexityValidationError(_("This password is too easy to guess."))
