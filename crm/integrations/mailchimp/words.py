"""What the counters of a run, and the reasons of clients left out, are called."""

from flask_babel import lazy_gettext as _l

COUNTERS = {
    "read": _l("read"), "added": _l("added"), "updated": _l("updated"), "restored": _l("brought back"),
    "renamed": _l("new address sent"), "untagged": _l("tags taken off"), "archived": _l("archived"),
    "unsubscribed": _l("unsubscribed"), "opted_out": _l("consent withdrawn there"), "opted_in": _l("came back"),
    "bounced": _l("bounced"), "moved": _l("new address taken over"), "filled": _l("blanks filled"),
    "proposed": _l("proposed"), "forgotten": _l("deleted there"), "refused": _l("refused"),
    "errors": _l("errors"), "calls": _l("calls"), "leaving": _l("leaving"),
    "gone": _l("gone without a trace"),
}  # fmt: skip
REASONS = {
    "no_email": _l("no e-mail"), "invalid_email": _l("e-mail cannot be right"),
    "no_consent": _l("consent not asked"),
    "opted_out": _l("no consent"), "shared_opt_out": _l("another client with the address said no"),
    "archived": _l("archived"), "trashed": _l("in the trash"), "same_address": _l("sent with another client"),
    "unsubscribed": _l("unsubscribed in Mailchimp"), "cleaned": _l("address does not work"),
    "forgotten": _l("deleted in Mailchimp"), "crm_optout": _l("opted out here before"),
    "invalid": _l("refused by Mailchimp as invalid"), "archived_there": _l("archived in Mailchimp"),
    "transactional": _l("only transactional in Mailchimp"),
}  # fmt: skip
