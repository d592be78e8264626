"""Who was shown sensitive values of whom: each request that shows some writes it down before it answers."""

from collections import defaultdict
from collections.abc import Collection

from flask import Flask, Response, g, has_request_context

from crm.database import transactions
from crm.extensions import db
from crm.services.history import audit

#: What the operations are called.
SEEN = "attribute_value.seen"
#: So many of the owners are written down by number; the rest is counted.
MOST_NAMED = 200


def note(kind: str, owner_id: int, keys: Collection[str]) -> None:
    """The current request shows these sensitive attributes of a client or contact. kind: client or contact."""
    if not has_request_context():
        return
    if (streamed := g.get("attributes_streamed")) is not None:
        # an export, which is made while it is sent, and tells by its own operation of how many
        if new := set(keys) - streamed:
            streamed |= new
            audit.note(SEEN, of=kind, attributes=sorted(new))
    else:
        shown = g.setdefault("attributes_shown", defaultdict(lambda: defaultdict(set)))
        shown[kind][owner_id] |= set(keys)


def init_app(app: Flask) -> None:
    """Write down what each request shows, or answer with an error where that cannot be."""

    @app.after_request
    def write(response: Response) -> Response:
        g.attributes_streamed = set[str]()
        if not (shown := g.pop("attributes_shown", {})):
            return response
        # the answer is made: nothing that the session may have left open is to be kept
        db.session.rollback()
        with transactions(read_only=False):
            for kind, owners in shown.items():
                ids = sorted(owners)
                audit.note_in_session(
                    SEEN, ids[0] if kind == "client" and len(ids) == 1 else None, of=kind, count=len(ids),
                    ids=ids[:MOST_NAMED], attributes=sorted(set().union(*owners.values())),
                )  # fmt: skip
            db.session.commit()
        return response
