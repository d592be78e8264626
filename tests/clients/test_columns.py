"""The columns of the list of clients: chosen in the address, the same in the export, at a fixed cost."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from crm.errors import UnknownFilter
from crm.extensions import db
from crm.models import Call, Client, Task
from crm.models.types import utc_now
from crm.services.attributes.values import set_attributes
from crm.services.clients import columns as client_columns
from crm.services.clients.filters import filtered
from tests.attributes.defining import define

URL = "/crm/clients/list/"


def fill(system: Any, count: int) -> None:
    """Clients of Alice's with an attribute, tasks and calls."""
    with system() as session:
        for client in session.query(Client).order_by(Client.id).limit(count):
            set_attributes(client, {"ring": 52, "metal": "Red"})
            for days in (-2, 5):
                session.add(Task(client=client, title=f"In {days} days", due=utc_now() + timedelta(days)))
            session.add(Task(client=client, title="Some day"))
            session.add(Call(client=client, started_at=utc_now() - timedelta(days=1), notes="Hello"))
        session.commit()


@pytest.mark.both_engines
def test_what_can_be_chosen(make_client: Any, system: Any, sign_in: Any, count_queries: Any) -> None:
    for n in range(6):
        make_client(f"Client {n}", assignees=["alice"])
    with system() as session:
        define(session, "number", key="ring", label="Ring size")
        define(session, "word", key="metal", label="Metal", in_list=True)
        define(session, "text", key="gone", active=False)
        session.commit()
        names = {column.name: column for column in client_columns.columns_of_clients()}
        assert {"name", "next_task", "last_contact", "attr.ring", "billing.city"} <= names.keys()
        assert "attr.gone" not in names and names["billing.country"].sort == "country"
        assert [c.name for c in client_columns.chosen(MultiDict({"columns": "stars,attr.ring,stars"}))] == [
            "name", "stars", "attr.ring",
        ]  # fmt: skip
        assert client_columns.chosen(MultiDict())[-1].name == "attr.metal"
        for nonsense in ("attr.gone", "attr.", "password", ",".join(names) + ",x"):
            with pytest.raises(UnknownFilter):
                client_columns.chosen(MultiDict({"columns": nonsense}))
    fill(system, 1)
    alice, asked = sign_in("alice"), f"{URL}?columns=next_task,last_contact,attr.ring,external_id,website"
    with count_queries() as few:
        page = alice.get(asked).text
    assert "In -2 days" in page and "overdue" in page and "yesterday" in page and "52" in page
    assert "In 5 days" not in page and "Red" not in page
    fill(system, 6)
    with count_queries() as many:
        alice.get(asked)
    assert len(few) == len(many)
    assert "There is no column" in alice.get(f"{URL}?columns=nonsense").text
    answer = sign_in("office").get("/crm/clients/export?format=csv&columns=attr.metal,stars,next_task")
    (first, *_rest) = csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig")))
    assert first == ["Name", "Metal", "Stars", "Next task"]
    assert "Red,0,In -2 days" in answer.text


@pytest.mark.both_engines
def test_last_contact_is_a_mail_call_chat_or_meeting(make_client: Any, system: Any) -> None:
    for name in ("Spoken with", "Only noted", "Long ago"):
        make_client(name)
    with system() as session:
        found = {client.name: client for client in session.query(Client)}
        now = utc_now()
        session.add(Task(client=found["Only noted"], title="Call"))
        for name, days in (("Spoken with", 2), ("Long ago", 40)):
            session.add(Call(client=found[name], started_at=now - timedelta(days=days), notes="x"))
        session.commit()

        def before(days: int) -> list[str]:
            day = (now - timedelta(days=days)).date().isoformat()
            asked = filtered(MultiDict({"last_contact_before": day}))
            return sorted(db.session.scalars(asked.with_only_columns(Client.name)))

        assert before(10) == ["Long ago", "Only noted"]
        assert before(50) == ["Only noted"]
        assert before(-1) == ["Long ago", "Only noted", "Spoken with"]
