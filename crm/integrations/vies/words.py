"""Why VIES told nothing, in words."""

from flask_babel import lazy_gettext as _l

#: By kind of failure; the last comes with an answer.
PROBLEMS = {
    "number": _l("VIES knows numbers of countries in the EU only, of at most twelve letters and digits."),
    "country": _l("The service of this number's country does not answer, so nothing is known of it."),
    "down": _l("VIES does not answer."),
    "blocked": _l("VIES answers no more questions from here. An admin looks at Settings, VAT registers."),
    "answer": _l("VIES gave an answer that cannot be read."),
    "requester": _l("VIES refuses the tax ID of our own company, so it gave no consultation number."),
}  # fmt: skip
