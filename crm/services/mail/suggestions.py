"""Addresses to offer while a mail is written: those of the client and its contacts, the primary one first."""

from sqlalchemy import select

from crm.extensions import db
from crm.models import Client, Contact
from crm.models.folding import fold, words
from crm.models.mail_addresses import write_address
from crm.registry import registry
from crm.security.masking import is_masked
from crm.services.search.choosing import choices

MOST = 20


def suggestions(client_id: int | None, typed: str = "") -> list[tuple[str, str]]:
    """(address with its name, hint) that fit what was typed; of this client, or of any contact that fits.

    What is masked for the viewer is left out.
    """
    if client_id is None:
        found = [item for item, _hint in choices(registry()["contact"], typed)] if typed.strip() else []
    else:
        found = _of_client(client_id)
    offered = [(write_address(item.name, item.email), _hint(item)) for item in found if _is_told(item)]
    terms = fold(typed).split()
    fitting = (pair for pair in dict.fromkeys(offered) if _fits(pair[0], terms))
    return [pair for _number, pair in zip(range(MOST), fitting, strict=False)]


def _of_client(client_id: int) -> list[Contact | Client]:
    asked = select(Contact).where(Contact.client_id == client_id, Contact.email.is_not(None))
    contacts = db.session.scalars(asked.order_by(Contact.is_primary.desc(), Contact.name_key, Contact.id))
    client = db.session.get(Client, client_id)
    return [*contacts, *([client] if client is not None else [])]


def _is_told(item: Contact | Client) -> bool:
    return bool(item.email) and not is_masked(item, "email")


def _hint(item: Contact | Client) -> str:
    return (item.position or item.client.name) if isinstance(item, Contact) else ""


def _fits(text: str, terms: list[str]) -> bool:
    known = words(text)
    return all(any(word.startswith(term) for word in known) for term in terms)
