"""Finding a client by the name that another system has for it."""

from sqlalchemy import select

from crm.extensions import db
from crm.models import Client, ClientExternalId


def find_client(external_id: str, app_code: str | None = None) -> tuple[Client | None, str]:
    """The client that the viewer sees under an external ID, and the app code under which it was found.

    app_code: None looks in all, in the default one (blank) first.
    """
    known = ClientExternalId
    asked = select(known.client_id, known.app_code).where(known.external_id == external_id)
    if app_code is not None:
        asked = asked.where(known.app_code == app_code)
    found = db.session.execute(asked.order_by(known.app_code).limit(1)).first()
    return (db.session.get(Client, found.client_id), found.app_code) if found else (None, "")
