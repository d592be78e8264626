"""Contacts of one client that are likely the same person: the same e-mail, or a phone in common."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import select

from crm.extensions import db
from crm.models import Client, Contact
from crm.security.masking import is_masked

#: So many contacts of a client are looked at, the newest.
MOST = 2_000


@dataclass(frozen=True)
class Twins:
    """Two contacts of a client with something in common. reasons: `email`, `phone` or both; the older is `target`."""

    source: Contact
    target: Contact
    reasons: tuple[str, ...]


def twins_of_client(client: Client) -> list[Twins]:
    """The likely duplicates among a client's contacts, in pairs, as far as the viewer may see what they share."""
    if any(is_masked(client, name) for name in ("email", "phone")):
        return []
    asked = select(
        Contact.id, Contact.email, Contact.phone_e164, Contact.mobile_e164, Contact.phone, Contact.mobile
    ).where(Contact.client_id == client.id)
    shared: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, email, *phones in db.session.execute(asked.order_by(Contact.id.desc()).limit(MOST)):
        if email:
            shared["email", email.strip().casefold()].append(number)
        e164s, typed = phones[:2], phones[2:]
        for key in {
            known or "".join(filter(str.isdigit, raw or "")) for known, raw in zip(e164s, typed, strict=True)
        }:
            if key:
                shared["phone", key].append(number)
    pairs: dict[tuple[int, int], list[str]] = defaultdict(list)
    for (reason, _value), numbers in shared.items():
        for older, newer in pairwise(sorted(numbers)):
            if reason not in pairs[older, newer]:
                pairs[older, newer].append(reason)
    wanted = {number for pair in pairs for number in pair}
    known = (
        {c.id: c for c in db.session.scalars(select(Contact).where(Contact.id.in_(wanted)))} if wanted else {}
    )
    return [
        Twins(known[newer], known[older], tuple(sorted(reasons)))
        for (older, newer), reasons in sorted(pairs.items())
    ]


def twins_of_contact(contact: Contact) -> list[Twins]:
    """The likely duplicates of one contact."""
    return [pair for pair in twins_of_client(contact.client) if contact in (pair.source, pair.target)]
