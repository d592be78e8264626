"""Clients and their contacts as vCards, version 3.0 (RFC 2426), which every address book reads."""

from collections.abc import Sequence
from typing import Any

import vobject
from sqlalchemy import select

from crm.extensions import db
from crm.models import Client, Contact
from crm.security.masking import is_masked
from crm.services.iso_lists import country_name

#: Attribute of a client or a contact -> what a vCard calls that kind of number.
NUMBERS = {"phone": "WORK", "mobile": "CELL", "phone2": "VOICE"}


def vcards(clients: Sequence[Client]) -> str:
    """The cards of clients, each followed by those of its contacts. What the viewer may not see is left out."""
    people: dict[int, list[Contact]] = {}
    asked = select(Contact).where(Contact.client_id.in_([client.id for client in clients]))
    for contact in db.session.scalars(asked.order_by(Contact.id)):
        people.setdefault(contact.client_id, []).append(contact)
    return "".join(
        as_text(card)
        for client in clients
        for card in (client_card(client), *map(contact_card, people.get(client.id, ())))
    )


def cards_of_contacts(contacts: Sequence[Contact]) -> str:
    """The cards of contacts alone."""
    return "".join(as_text(contact_card(contact)) for contact in contacts)


def as_text(card: Any) -> str:
    """A card as it stands in a file."""
    return str(card.serialize())


def client_card(client: Client, tagged: bool = True) -> Any:
    """The card of a client as vobject has them. tagged: with its tags, which address books make groups of."""
    card = vobject.vCard()
    card.add("uid").value = f"client-{client.id}"
    card.add("fn").value = client.name
    if client.kind == "company":
        card.add("n").value = vobject.vcard.Name(family="")
        card.add("org").value = [client.name]
        card.add("x-abshowas").value = "COMPANY"
    else:
        family = client.last_name or ("" if client.first_name else client.name)
        card.add("n").value = vobject.vcard.Name(family=family, given=client.first_name or "")
        _add(card, "title", client.position)
    _reach(card, client)
    for which in ("billing", "delivery") if client.use_delivery else ("billing",):
        _address(card, client.address(which), "WORK" if which == "billing" else "PARCEL")
    if tagged:
        _add(card, "categories", sorted(tag.name for tag in client.tags))
    return card


def contact_card(contact: Contact) -> Any:
    """The card of a contact as vobject has them."""
    card = vobject.vCard()
    card.add("uid").value = f"contact-{contact.id}"
    card.add("fn").value = str(contact)
    card.add("n").value = vobject.vcard.Name(family=contact.last_name or "", given=contact.first_name or "")
    card.add("org").value = [contact.client.name]
    _add(card, "title", contact.position)
    _reach(card, contact)
    parts = {name: getattr(contact, name) for name in ("street", "postal_code", "city", "region", "country")}
    _address(card, parts, "WORK")
    return card


def _add(card: Any, name: str, value: Any) -> Any:
    if not value:
        return None
    part = card.add(name)
    part.value = value
    return part


def _reach(card: Any, item: Client | Contact) -> None:
    if item.email and not is_masked(item, "email"):
        card.add("email").value = item.email
    for name, kind in NUMBERS.items():
        number = getattr(item, name, None)
        if number and not is_masked(item, name):
            card.add("tel").value = getattr(item, f"{name}_e164") or number
            card.contents["tel"][-1].type_param = kind
    _add(card, "url", item.website)


def _address(card: Any, parts: dict[str, str | None], kind: str) -> None:
    if not any(parts.values()):
        return
    part = card.add("adr")
    part.type_param = kind
    part.value = vobject.vcard.Address(
        street=parts["street"] or "", code=parts["postal_code"] or "", city=parts["city"] or "",
        region=parts["region"] or "", country=country_name(parts["country"]),
    )  # fmt: skip
