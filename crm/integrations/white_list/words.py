"""Why the white list told nothing, in words."""

from flask_babel import lazy_gettext as _l

#: By kind of failure.
PROBLEMS = {
    "number": _l("This is no NIP: it has ten digits, and the last one must fit the others."),
    "limit": _l("Today's questions to the white list are used up. It answers again after midnight in Poland."),
    "updating": _l("The white list is being updated. Try again in a few minutes."),
    "down": _l("The white list does not answer."),
    "answer": _l("The white list gave an answer that cannot be read."),
}  # fmt: skip
