"""What registers said, where two clients become one, where that is undone, and where a client is forgotten."""

from datetime import date

import pytest
from sqlalchemy import func, select

from crm.extensions import db
from crm.integrations.vat.status import Asked, keep_answer, proofs_of
from crm.models import Change, Client, VatProof, VatStatus
from crm.models.types import utc_now
from crm.security.visibility import as_user
from crm.services.clients import trash
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo
from tests.snapshots import snapshot
from tests.users import user


def keep(client_id: int, service: str, reference: str) -> None:
    answer = {"answer": "active", "name": "Jan Kowalski", "accounts": "61109010140000071219812874"}
    answer |= {"reference": reference, "reference_at": "2026-11-22", "registered_on": date(1993, 7, 5)}
    keep_answer(service, Asked(client_id, "PL7740001454"), "PL7740001454", answer)


def status_of(client_id: int) -> dict[str, str]:
    rows = db.session.scalars(select(VatStatus).filter_by(client_id=client_id))
    return {row.service: row.reference for row in rows}


@pytest.mark.both_engines
def test_the_target_keeps_its_status_and_gets_the_proofs(app, make_client):
    source = make_client("Source", ["alice"], tax_id="7740001454")
    target = make_client("Target", ["alice"], tax_id="7740001454")
    with app.app_context(), as_user(user("admin")):
        keep(source, "vies", "A1")
        keep(source, "white_list", "B1")
        keep(target, "white_list", "B2")
        before = snapshot()
        number = merge(source, target)
        db.session.commit()
        assert status_of(target) == {"vies": "A1", "white_list": "B2"}
        assert [proof.reference for proof in proofs_of(target, "white_list")] == ["B2", "B1"]
        undo(number)
        db.session.commit()
        assert snapshot() == before
        assert status_of(source) == {"vies": "A1", "white_list": "B1"}
        # for good means with the log, too
        merge(source, target)
        db.session.commit()
        db.session.get_one(Client, target).deleted_at = utc_now()
        db.session.commit()
        trash.purge(trash.find_trashed(target))
        db.session.commit()
        for table in (VatStatus, VatProof):
            assert db.session.scalar(select(func.count(table.id))) == 0
        for text in ("Kowalski", "61109010140000071219812874"):
            assert text not in str(db.session.execute(select(Change.before, Change.after)).all())
