"""Which account, audience and merge fields: from the environment or the settings page; and how they are reached."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from crm.integrations.mailchimp.client import Mailchimp
from crm.integrations.mailchimp.sources import USUAL
from crm.services.kept_settings import get_setting, keep_setting
from crm.services.progress import CannotWork
from crm.services.secret_settings import get_secret

#: Among the secrets the key, and the secret of the webhook; among the settings what was chosen, and what the account
#: has to offer.
KEY, HOOK, CHOSEN = "mailchimp.key", "mailchimp.hook", "mailchimp"


class NotConfigured(CannotWork):
    """There is no account, or no audience, to sync with. The message says what is missing."""


@dataclass(frozen=True)
class Settings:
    """fields: merge field -> name of its source."""

    url: str
    key: str
    audience: str
    fields: Mapping[str, str]


def get_chosen() -> dict[str, Any]:
    """What the settings page keeps: `audience`, `fields`, and of the account `audiences` and `merge_fields`."""
    return dict(get_setting(CHOSEN) or {})


def keep_chosen(**values: Any) -> None:
    """Change some of what the settings page keeps. The caller commits."""
    keep_setting(CHOSEN, {**get_chosen(), **values})


def get_key(config: Mapping[str, Any]) -> str | None:
    """The key of this installation: the environment's, else the one set on the page."""
    return config.get("MAILCHIMP_API_KEY") or get_secret(KEY)


def get_audience(config: Mapping[str, Any]) -> str | None:
    """The audience of this installation, in the same order."""
    return config.get("MAILCHIMP_AUDIENCE_ID") or get_chosen().get("audience")


def chosen_fields() -> dict[str, str]:
    """Merge field -> name of its source."""
    return dict(get_chosen().get("fields", USUAL))


def get_settings(config: Mapping[str, Any]) -> Settings:
    """The settings of this installation. Raises NotConfigured."""
    key, audience = get_key(config), get_audience(config)
    if not key:
        raise NotConfigured(
            _(
                "Give the CRM the key of a Mailchimp account: in the settings of Mailchimp, or as MAILCHIMP_API_KEY."
            )
        )
    if not audience:
        raise NotConfigured(
            _("Choose the audience that clients are synced to: in the settings of Mailchimp, or as "
              "MAILCHIMP_AUDIENCE_ID.")
        )  # fmt: skip
    return Settings(address(config, key), key, audience, chosen_fields())


def address(config: Mapping[str, Any], key: str) -> str:
    """A key ends with the data centre that its account lives in. Raises NotConfigured where it does not."""
    centre = key.rpartition("-")[2]
    if config.get("MAILCHIMP_API_URL"):
        return config["MAILCHIMP_API_URL"]
    if not ("-" in key and centre.isascii() and centre.isalnum()):
        raise NotConfigured(_("A key of Mailchimp ends with its data centre, such as -us21."))
    return f"https://{centre}.api.mailchimp.com/3.0"


def is_configured(config: Mapping[str, Any]) -> bool:
    """Whether there is anything to sync with; without, the nights are quiet."""
    return bool(get_key(config) and get_audience(config))


def connect(
    found: Settings, config: Mapping[str, Any], on_call: Callable[..., None], **more: Any
) -> Mailchimp:
    """A client object. `MAILCHIMP_OPTIONS` may hold shorter waits, for tests."""
    options = {**(config.get("MAILCHIMP_OPTIONS") or {}), **more}
    return Mailchimp(found.url, found.key, found.audience, on_call=on_call, **options)
