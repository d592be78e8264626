"""Clients entered a second time by somebody who did not look: the same one, spelt otherwise."""

import random

from crm.models import Client
from crm.models.folding import fold

#: How often a client is there already.
SHARE = 0.01


def enter_again(chance: random.Random, client: Client, known: Client) -> None:
    """Give a new client the name, phone and town of one that is there, as another hand writes them."""
    client.kind = known.kind
    client.first_name, client.last_name = known.first_name, known.last_name
    client.short_name, client.website, client.domain = None, None, known.domain
    client.name = chance.choice((fold(known.name).title(), known.name.upper(), known.name))
    client.email, client.tax_id = chance.choice(((known.email, None), (None, known.tax_id), (None, None)))
    client.phone = (known.phone or "").replace(" ", chance.choice(("", "-")))
    client.billing_city = chance.choice((known.billing_city, fold(known.billing_city or "").title()))
    client.billing_postal_code, client.billing_street = known.billing_postal_code, None
    client.billing_country = known.billing_country
