"""The contacts of a client, with their tags, IDs in other systems and attributes."""

import random
from typing import Any

from sqlalchemy import select

from crm.demo import people, words
from crm.demo.attribute_values import random_value
from crm.demo.rows import Rows
from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    AttributeValue,
    Client,
    Contact,
    ContactExternalId,
    ContactTag,
    Tag,
)
from crm.models.folding import fold


class ContactMaker:
    """Gives contacts to clients, as chance will have it."""

    def __init__(self, chance: random.Random, rows: Rows):
        self.chance, self.rows = chance, rows
        names = [fold(name) for name, _colour in words.CONTACT_TAGS]
        self.tags = list(db.session.scalars(select(Tag.id).where(Tag.name_key.in_(names)).order_by(Tag.id)))
        asked = select(AttributeDefinition).where(AttributeDefinition.applies_to == "contact")
        self.attributes = {
            one: [option.id for option in one.options]
            for one in db.session.scalars(asked.order_by(AttributeDefinition.id))
        }

    def fill(self, contact: Contact, client: Client) -> None:
        """Who a new contact is, and what belongs to it."""
        chance, country = self.chance, client.billing_country or "PL"
        contact.first_name, contact.last_name = people.full_name(chance, country)
        contact.position, contact.phone = chance.choice(words.POSITIONS), people.phone(chance, country)
        contact.email = f"{fold(contact.first_name)}.{fold(contact.last_name)}@{client.domain}"
        contact.before_save(db.session)
        if chance.random() < 0.25:
            self.part(ContactTag, contact, tag_id=chance.choice(self.tags))
        if chance.random() < 0.1:
            external = self.part(ContactExternalId, contact, app_code="shop", external_id=f"c-{contact.id}")
            contact.external_ids.append(external)
        for definition, options in self.attributes.items():
            values = random_value(chance, definition, options) if chance.random() < 0.3 else {}
            if values:
                self.part(AttributeValue, contact, definition_id=definition.id, **{"slot": 0, **values})

    def repeat(self, contact: Contact, known: Contact) -> None:
        """Somebody whom another colleague has typed in once more."""
        contact.first_name, contact.last_name = f"{(known.first_name or '-')[0]}.", known.last_name
        contact.email, contact.mobile = known.email, (known.phone or "").replace(" ", "-")
        contact.before_save(db.session)

    def part(self, model: type[Any], contact: Contact, **values: Any) -> Any:
        return self.rows.new(model, client_id=contact.client_id, contact_id=contact.id, **values)
