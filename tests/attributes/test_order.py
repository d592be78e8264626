"""Attributes are put in order within groups and across them; cards and forms follow."""

import re
from typing import Any

from sqlalchemy import select

from crm.models import AttributeDefinition, Operation
from crm.services.undo.operation import undo


def test_dragged_into_groups(system: Any, sign_in: Any, make_client: Any) -> None:
    client = make_client("Acme", assignees=["alice"])
    with system() as session:
        some = [
            AttributeDefinition(label=f"Field {n}", type="text", group="First" if n < 2 else None)
            for n in range(4)
        ]
        session.add_all([*some, AttributeDefinition(label="Of contacts", type="text", applies_to="contact")])
        session.commit()
        a, b, c, d = (one.id for one in some)
        other = session.scalars(
            select(AttributeDefinition.id).where(AttributeDefinition.applies_to == "contact")
        ).one()
    office, alice = sign_in("office"), sign_in("alice")

    def labels(url: str) -> list[str]:
        found = re.findall(r"(?:Field \d|(?<=>)(?:First|Second))(?=<)", office.get(url).text)
        return list(dict.fromkeys(found))

    page, card = "/crm/attributes/list/?kind=client", f"/crm/clients/show/{client}"
    assert labels(page) == ["Field 2", "Field 3", "First", "Field 0", "Field 1"] == labels(card)
    groups = [{"name": "", "ids": [d]}, {"name": "Second", "ids": [c, a]}, {"name": "First", "ids": [b]}]
    assert alice.post("/crm/attributes/order", json={"kind": "client", "groups": groups}).status_code == 403
    assert office.post("/crm/attributes/order", json={"kind": "client", "groups": groups}).status_code == 200
    moved = ["Field 3", "Second", "Field 2", "Field 0", "First", "Field 1"]
    assert labels(page) == moved == labels(card)
    for wrong in (None, [], {"kind": "client"}, {"kind": "robot", "groups": groups}, {"kind": "client", "groups": [1]},
                  {"kind": "client", "groups": [{"name": "", "ids": [a, a]}]},
                  {"kind": "client", "groups": [{"name": "", "ids": [other]}]},
                  {"kind": "client", "groups": [{"name": "x" * 61, "ids": [a]}]}):  # fmt: skip
        assert office.post("/crm/attributes/order", json=wrong).status_code == 400, wrong
    assert labels(page) == moved
    with system() as session:
        assert undo(session.scalar(select(Operation.id).order_by(Operation.id.desc()).limit(1))).left == []
        session.commit()
    assert labels(card) == ["Field 2", "Field 3", "First", "Field 0", "Field 1"]
