"""Mails, calls, chats and tickets of demo clients."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flask_babel import force_locale, format_currency, format_date

from crm.demo import talk_words
from crm.demo.basics import USERS
from crm.models import Call, Chat, Client, Contact, Email, EmailClient, Ticket, TicketComment
from crm.models.mail_addresses import write_address

if TYPE_CHECKING:
    from crm.demo.clients import ClientMaker

OUR_DOMAIN = "workshop.example"
HTML = '<div style="font-family: Georgia, serif">{paragraphs}</div>'


class Talk:
    """Makes what a maker's clients and the workshop said to each other."""

    def __init__(self, maker: ClientMaker):
        self.maker, self.chance, self.rows = maker, maker.chance, maker.rows

    def with_client(self, client: Client, reps: list[str]) -> None:
        """Some mails, calls, chats and tickets with one client."""
        chance = self.chance
        rep = reps[0] if reps else "office"
        contacts = [c for c in self.rows.made.get(Contact, ())[-3:] if c.client_id == client.id]
        contact = contacts[0] if contacts else None
        if chance.random() < 0.35:
            self.thread(client, contact, rep)
        for _ in range(chance.choices((0, 1, 2), (6, 3, 1))[0]):
            self.call(client, contact)
        if chance.random() < 0.12:
            self.chat(client, contact, rep)
        if chance.random() < 0.12:
            self.ticket(client, contact, rep)

    def thread(self, client: Client, contact: Contact | None, rep: str) -> None:
        chance = self.chance
        language = "en" if chance.random() < 0.15 else client.language or "pl"
        subject, mails = chance.choice(talk_words.THREADS[language])
        customer = contact.name if contact else client.name
        theirs = write_address(customer, (contact.email if contact else None) or client.email or "")
        ours = write_address(USERS[rep][2], f"{rep}@{OUR_DOMAIN}")
        day = (self.maker.now + timedelta(days=chance.randint(20, 200))).date()
        with force_locale(language):
            filled = {
                "customer": customer, "rep": USERS[rep][2], "day": format_date(day, "d MMMM y"),
                "size": chance.randint(48, 56), "size2": chance.randint(57, 66),
                "price": format_currency(chance.randint(40, 620) * 10, client.billing_currency or "PLN"),
            }  # fmt: skip
        at, key, parent = self.maker.between(client.created_at), self.key(), None
        other = self.another_client(client)
        for direction, days, text in mails:
            at += timedelta(days=days, minutes=chance.randint(12, 400))
            if at > self.maker.now:
                break
            parent = self.mail(
                client, at, direction, theirs, ours, parent, key, subject, text.format(**filled)
            )
            if other is not None:
                self.rows.new(EmailClient, email_id=parent.id, email=parent, client_id=other.id, client=other)

    def mail(
        self, client: Client, at: datetime, direction: str, theirs: str, ours: str, parent: Email | None, key: str,
        subject: str, text: str,
    ) -> Email:  # fmt: skip
        mail: Email = self.maker.record(
            Email, client, direction=direction, at=at, thread_key=key, parent_id=parent.id if parent else None,
            subject=f"Re: {subject}" if parent else subject, text=text,
            from_address=theirs if direction == "in" else ours, to=ours if direction == "in" else theirs,
        )  # fmt: skip
        mail.message_id = f"<{mail.id}.{key[:8]}@{OUR_DOMAIN if direction == 'out' else 'mail.example'}>"
        if direction == "out" and self.chance.random() < 0.3:
            mail.html = HTML.format(
                paragraphs="".join(f"<p>{part}</p>" for part in text.split("\n\n")).replace("\n", "<br>")
            )
        mail.created_at = mail.changed_at = at
        return mail

    def another_client(self, client: Client) -> Client | None:
        """Now and then a mail concerns a second client, too."""
        earlier = self.rows.made[Client][:-1]
        return self.chance.choice(earlier) if earlier and self.chance.random() < 0.05 else None

    def key(self) -> str:
        return uuid.UUID(int=self.chance.getrandbits(128)).hex

    def call(self, client: Client, contact: Contact | None) -> None:
        chance = self.chance
        outcome, notes = chance.choice(talk_words.CALLS)
        source = contact if contact and chance.random() < 0.7 else client
        call = self.maker.record(
            Call, client, outcome=outcome, notes=notes or None, direction=chance.choice(("in", "out", "out")),
            number=source.phone, number_e164=source.phone_e164,
            contact_id=contact.id if contact is not None and source is contact else None,
            duration=chance.randint(1, 18) if outcome == "answered" else None,
        )  # fmt: skip
        if outcome != "answered":
            call.direction = "out"
        call.started_at = call.created_at - timedelta(minutes=(call.duration or 0) + 2)

    def chat(self, client: Client, contact: Contact | None, rep: str) -> None:
        fitting = [chat for chat in talk_words.CHATS if chat[1] in (client.language, "en")]
        channel, _language, lines = self.chance.choice(fitting)
        chat = self.maker.record(
            Chat, client, channel=channel, contact_id=contact.id if contact else None, transcript=""
        )
        hours = chat.created_at.replace(hour=self.chance.randint(8, 17))
        chat.started_at = at = hours if hours <= chat.created_at else hours - timedelta(days=1)
        customer = contact.name if contact else client.name
        written = []
        for who, text in lines:
            name = customer if who == "C" else USERS[rep][2]
            written.append(f"[{at:%d.%m.%Y, %H:%M}] {name}: {text}")
            at += timedelta(minutes=self.chance.randint(1, 9))
        chat.transcript = "\n".join(written)

    def ticket(self, client: Client, contact: Contact | None, rep: str) -> None:
        chance = self.chance
        subject, body, comments = chance.choice(talk_words.TICKETS)
        ticket: Ticket = self.maker.record(
            Ticket, client, subject=subject, body=body, contact_id=contact.id if contact else None,
            priority=chance.choice(("low", "normal", "normal", "high", "urgent")),
            channel=chance.choice(("email", "phone", "visit", "web")),
            assignee_id=self.maker.users[rep] if chance.random() < 0.8 else None,
        )  # fmt: skip
        at = ticket.created_at
        for public, text in comments:
            at += timedelta(minutes=chance.randint(20, 2_000))
            if at > self.maker.now:
                break
            comment = self.maker.record(TicketComment, client, ticket_id=ticket.id, body=text, public=public)
            comment.created_at = comment.changed_at = at
            comment.created_by_id = comment.changed_by_id = self.maker.users[rep]
        if len(comments) > 1 and at < self.maker.now and chance.random() < 0.75:
            ticket.status = chance.choice(("solved", "solved", "closed"))
            ticket.solved_at = at
        elif comments and chance.random() < 0.5:
            ticket.status = "waiting"
