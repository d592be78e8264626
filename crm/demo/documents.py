"""Documents of clients, and a few pictures of ID cards. All share a handful of files."""

import io
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from crm.demo import papers
from crm.demo.rows import Rows
from crm.extensions import db
from crm.models import Client, IdImage, StoredFile
from crm.services.clients import id_images
from crm.services.files import store as file_store
from crm.services.files import uploads


@dataclass(frozen=True)
class Paper:
    """A file, and what documents of it are called by language and sorted under."""

    name: str
    content: bytes
    category: str | None = None
    titles: tuple[tuple[str, str], ...] = ()


PAPERS = (
    Paper("certificate.pdf", papers.CERTIFICATE, "certificate", (
        ("pl", "Certyfikat autentyczności.pdf"), ("nl", "Certificaat van echtheid.pdf"),
        ("fr", "Certificat d'authenticité.pdf"))),
    Paper("contract.pdf", papers.CONTRACT, "contract", (
        ("pl", "Umowa o dzieło.pdf"), ("nl", "Overeenkomst.pdf"), ("fr", "Contrat.pdf"))),
    Paper("ring.png", papers.ring("#2f5fb3", "#d9b44a"), "picture", (
        ("pl", "Pierścionek z szafirem.png"), ("nl", "Ring met saffier.png"),
        ("fr", "Bague avec saphir.png"))),
    Paper("repair.png", papers.ring("#b3362f", "#b8bcc2"), "picture", (
        ("pl", "Przed naprawą.png"), ("nl", "Voor de herstelling.png"), ("fr", "Avant la réparation.png"))),
    Paper("measures.txt", papers.MEASURES, None, (
        ("pl", "Rozmiary.txt"), ("nl", "Maten.txt"), ("fr", "Mesures.txt"))),
    Paper("prices.csv", papers.PRICES, "order", (
        ("pl", "Cennik.csv"), ("nl", "Prijslijst.csv"), ("fr", "Liste de prix.csv"))),
)  # fmt: skip
CARDS = {
    "front": Paper("front.png", papers.id_card("FRONT")),
    "back": Paper("back.png", papers.id_card("BACK")),
}


class DocumentMaker:
    """Gives documents to clients, as chance will have it. The caller commits before the first is written."""

    def __init__(self, chance: random.Random, rows: Rows):
        self.chance, self.rows = chance, rows
        self.papers = {paper: _stored(paper) for paper in PAPERS}
        self.cards = {side: _stored(paper, sealed=True) for side, paper in CARDS.items()}

    def values(self, client: Client) -> dict[str, Any]:
        """What a new document of a client is."""
        paper = self.chance.choice(PAPERS)
        return {"name": dict(paper.titles)[client.language or "pl"], "category": paper.category,
                **self.papers[paper]}  # fmt: skip

    def id_card(self, client: Client) -> None:
        """Both sides of a client's ID card."""
        for side, file in self.cards.items():
            until = max(client.created_at.date() + timedelta(days=365), id_images.last_day() - timedelta(300))
            self.rows.new(IdImage, client_id=client.id, side=side, kept_until=until,
                          created_at=client.created_at, created_by_id=client.created_by_id, **file)  # fmt: skip


def _stored(paper: Paper, sealed: bool = False) -> dict[str, Any]:
    """The columns by which a row has this file, which is kept in the store once."""
    upload = uploads.prepare(io.BytesIO(paper.content), paper.name)
    same = select(StoredFile).where(StoredFile.digest == upload.digest, StoredFile.sealed.is_(sealed))
    stored = db.session.scalars(same.where(StoredFile.unused_since.is_(None)).limit(1)).first()
    if stored is None:
        stored = file_store.keep(upload, sealed)
        db.session.add(stored)
        db.session.flush()
    return {"stored_file_id": stored.id, "type": stored.type, "size": stored.size}
