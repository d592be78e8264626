"""Where the account and the audience come from, and how they are reached."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from crm.integrations.mailchimp.client import Mailchimp
from crm.services.progress import CannotWork


class NotConfigured(CannotWork):
    """There is no account, or no audience, to sync with. The message says what is missing."""


@dataclass(frozen=True)
class Settings:
    url: str
    key: str
    audience: str

    @property
    def key_hint(self) -> str:
        """Enough of the key to tell it from another."""
        return f"…{self.key[-8:]}" if len(self.key) >= 24 else "…"


def get_settings(config: Mapping[str, Any]) -> Settings:
    """The settings of this installation. Raises NotConfigured."""
    key, audience = config.get("MAILCHIMP_API_KEY"), config.get("MAILCHIMP_AUDIENCE_ID")
    if not key:
        raise NotConfigured(_("Set MAILCHIMP_API_KEY to the key of a Mailchimp account."))
    if not audience:
        raise NotConfigured(_("Set MAILCHIMP_AUDIENCE_ID to the audience that clients are synced to."))
    return Settings(config.get("MAILCHIMP_API_URL") or _address(key), key, audience)


def _address(key: str) -> str:
    """A key ends with the data centre that its account lives in."""
    centre = key.rpartition("-")[2]
    if not ("-" in key and centre.isalnum()):
        raise NotConfigured(_("MAILCHIMP_API_KEY must end with its data centre, such as -us21."))
    return f"https://{centre}.api.mailchimp.com/3.0"


def is_configured(config: Mapping[str, Any]) -> bool:
    """Whether there is anything to sync with; without, the nights are quiet."""
    return bool(config.get("MAILCHIMP_API_KEY") and config.get("MAILCHIMP_AUDIENCE_ID"))


def connect(config: Mapping[str, Any], on_call: Callable[..., None]) -> Mailchimp:
    """A client object for this installation. `MAILCHIMP_OPTIONS` may hold shorter waits, for tests."""
    found = get_settings(config)
    options = config.get("MAILCHIMP_OPTIONS") or {}
    return Mailchimp(found.url, found.key, found.audience, on_call=on_call, **options)
