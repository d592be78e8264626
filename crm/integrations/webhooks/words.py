"""Why a receiver was not reached, in words for people; the log of deliveries keeps them as they came."""

import re

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

WORDS = {
    "not an address": _l("this is not an address"),
    "only https is allowed": _l("only https is allowed"),
    "no user name or password may stand in an address": _l("no user name or password may stand in it"),
    "no answer in time": _l("no answer in time"),
    "no connection": _l("nothing answers at this address"),
    "the secret cannot be read": _l("the secret cannot be read"),
}
HOST = re.compile(r"(\S+) (is not on the open internet|has no address)")


def in_words(problem: str) -> str:
    """What stood in the way, in the reader's language as far as it is one of the usual things."""
    if problem in WORDS:
        return str(WORDS[problem])
    if (found := HOST.fullmatch(problem)) is None:
        return problem
    if found[2] == "has no address":
        return _("%(host)s has no address", host=found[1])
    return _("%(host)s is not on the open internet", host=found[1])
