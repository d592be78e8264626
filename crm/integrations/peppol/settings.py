"""Which network is asked, and about which companies the background asks."""

from flask import current_app

from crm.integrations.peppol.lookup import PRODUCTION
from crm.services.kept_settings import get_setting, keep_setting

KEY = "peppol.everybody"


def zone() -> str:
    """The zone of the directory in the DNS."""
    return current_app.config.get("PEPPOL_SML_ZONE") or PRODUCTION


def asks_everybody() -> bool:
    """Whether the background asks about each company, not only again about those that somebody asked about.

    What the page says counts; until it says anything, whoever names a zone means all.
    """
    chosen = get_setting(KEY)
    return bool(current_app.config.get("PEPPOL_SML_ZONE")) if chosen is None else bool(chosen)


def ask_everybody(yes: bool) -> None:
    """Ask about each company from now on, or do not. The caller commits."""
    keep_setting(KEY, yes)
