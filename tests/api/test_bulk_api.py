"""Many clients changed by programs: tasks, the trash and several tags; and what is for pages alone."""

from typing import Any

import pytest
from sqlalchemy import select

from crm.models import Client, Task

URL = "/crm/clients/change_bulk_option_multiple.json"


@pytest.mark.usefixtures("people")
def test_types_beyond_one_value(api: Any, make_client: Any, system: Any) -> None:
    ids = [make_client("Acme", assignees=["alice"]), make_client("Bolt", assignees=["charlie"])]
    alice, office = api("alice"), api("office")
    task = {"title": "Call", "assignee": "me", "due": "2026-12-01T09:00:00Z"}
    answer = alice.post(URL, {"ids": ids, "type": "task", "value": task})
    assert answer.json["changed"] == 1 and answer.json["skipped"][0]["id"] == ids[1]
    assert isinstance(answer.json["operation_id"], int)
    with system() as session:
        found = session.scalars(select(Task)).one()
        assert (found.client_id, [user.username for user in found.assignees]) == (ids[0], ["alice"])
    wrong = alice.post(URL, {"ids": ids, "type": "task", "value": {"title": "x", "priority": "huge"}})
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["priority"])
    assert alice.post(URL, {"ids": ids, "type": "add_tag", "value": ["Gold", "Ring"]}).json["changed"] == 1
    document = {"stored_file_id": 1, "name": "x"}
    for one in (URL, f"/crm/clients/{ids[0]}/change_bulk_option.json"):
        asked = {"ids": ids} if one == URL else {}
        assert office.post(one, {**asked, "type": "document", "value": document}).status_code == 422
        assert alice.post(one, {**asked, "type": "delete"}).status_code == 403
    # a misspelt guard would guard nothing
    change = {"type": "stars", "value": 1, "versoin": 1}
    for one, sent in ((URL, {**change, "ids": ids}), (f"/crm/clients/{ids[0]}/change_bulk_option.json", change),
                      ("/crm/clients/merge_clients.json", {"source_id": 1, "target_id": 2, "versoin": 1})):  # fmt: skip
        refused = office.post(one, sent)
        assert (refused.status_code, list(refused.json["errors"])) == (422, ["versoin"]), refused.text
    assert office.post(URL, {"ids": ids, "type": "delete"}).json["changed"] == 2
    with system() as session:
        assert session.scalars(select(Client)).all() == []
