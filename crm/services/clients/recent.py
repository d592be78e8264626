"""The clients that a user worked on last."""

from sqlalchemy import select

from crm.extensions import db
from crm.models import Client, Operation

#: So many of a user's last operations are looked through.
LOOKED_THROUGH = 100


def recent_clients(user_id: int, most: int) -> list[Client]:
    """The clients that this user changed last, newest first, as far as they are seen. Two statements."""
    last = select(Operation.client_id).where(Operation.user_id == user_id)
    found = db.session.scalars(last.order_by(Operation.id.desc()).limit(LOOKED_THROUGH))
    ids = list(dict.fromkeys(number for number in found if number is not None))[: 2 * most]
    clients = {client.id: client for client in db.session.scalars(select(Client).where(Client.id.in_(ids)))}
    return [clients[number] for number in ids if number in clients][:most]
