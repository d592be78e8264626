"""A module that is off is nowhere; its data stays and returns. And the settings page."""

from io import BytesIO
from typing import Any

import pytest

from crm.declaration_options import ALWAYS_ON
from crm.models import Setting, Task, TaskAssignee
from crm.records import RECORDS
from crm.services.modules import KEY


@pytest.fixture
def acme(make_client: Any, system: Any, people: dict[str, int]) -> int:
    number = make_client("Acme", assignees=["alice"])
    with system() as session:
        task = Task(client_id=number, title="Marker task")
        task.assignee_links = [TaskAssignee(user_id=people["alice"])]
        session.add(task)
        session.commit()
    return number


PLACES = (
    "/", "/crm/clients/show/{acme}", "/crm/clients/boxes/{acme}", "/crm/clients/show/{acme}?tab=timeline",
    "/crm/clients/timeline/{acme}?show=all",
    "/crm/search?q=marker", "/crm/search/suggest?q=marker", "/crm/clients/list/", "/crm/clients/timeline/{acme}",
)  # fmt: skip
ADDRESSES = ("/crm/tasks/list/", "/crm/tasks/add", "/crm/tasks/add?client={acme}", "/crm/tasks/show/1",
             "/crm/tasks/edit/1", "/crm/tasks/choices?q=m", "/api/v1/tasks/", "/api/v1/tasks/1")  # fmt: skip


def import_of_tasks(office: Any) -> Any:
    file = (BytesIO(b"title,client\nSmuggled,Acme\n"), "tasks.csv")
    return office.post("/crm/clients/import/", data={"record": "task", "file": file})


def test_off_and_on_again(acme: int, sign_in: Any) -> None:
    office, alice = sign_in("office"), sign_in("alice")
    assert import_of_tasks(office).status_code == 302
    page = office.get("/settings/modules").text
    assert "Tasks" in page
    assert office.post("/settings/modules", data={}).status_code == 302
    for user in (office, alice):
        for place in PLACES:
            text = user.get(place.format(acme=acme)).text
            assert "Marker task" not in text, place
            assert "/crm/tasks/" not in text, place
        for address in ADDRESSES:
            assert user.get(address.format(acme=acme)).status_code in (403, 404), address
        assert user.get(f"/crm/clients/tab/{acme}/tasks").status_code == 404
        for address in ("/crm/tasks/add", "/crm/tasks/edit/1", "/crm/tasks/delete/1", "/crm/tasks/done/1"):
            assert user.post(address, data={"title": "x", "done": "yes"}).status_code in (403, 404), address
    page = office.get("/crm/clients/import/").text
    assert "tasks.csv" in page and 'value="task"' not in page
    assert import_of_tasks(office).status_code == 400
    office.post("/settings/modules", data={"on": ["tasks"]})
    assert 'value="task"' in office.get("/crm/clients/import/").text
    assert "Marker task" in alice.get("/").text
    assert "Marker task" in alice.get(f"/crm/clients/show/{acme}?tab=tasks").text
    assert "Marker task" in alice.get(f"/crm/clients/timeline/{acme}").text
    assert alice.get("/crm/tasks/show/1").status_code == 200


def test_modules_without_records_stay_on(sign_in: Any, system: Any) -> None:
    sign_in("office").post("/settings/modules", data={"on": "nonsense"})
    with system() as session:
        assert session.query(Setting).filter_by(key=KEY).one().value == sorted(
            {record.module for record in RECORDS} - ALWAYS_ON
        )


def test_settings_are_for_those_who_may(sign_in: Any) -> None:
    for user, status in (("admin", 200), ("office", 200), ("alice", 403), ("vera", 403)):
        browser = sign_in(user)
        assert browser.get("/settings/").status_code == status
        assert browser.get("/settings/modules").status_code == status
    assert sign_in("alice").post("/settings/modules", data={}).status_code == 403
    office = sign_in("office").get("/settings/").text
    for link in ("/crm/statuses/list/", "/crm/tags/list/", "/crm/attributes/list/", "/settings/modules"):
        assert link in office
    assert "/users/list/" not in office
    assert "/users/list/" in sign_in("admin").get("/settings/").text


def test_no_secret_is_shown(make_app: Any, sign_in: Any) -> None:
    secrets = {
        "MAILCHIMP_API_KEY": "abc-secret-us21", "SMTP_URL": "smtp://u:hushhush@host", "GUS_API_KEY": "gus-secret",
        "CRM_FROM_ENVIRONMENT": frozenset({"MAILCHIMP_API_KEY", "SMTP_URL"}),
    }  # fmt: skip
    page = sign_in("admin", make_app(**secrets)).get("/settings/").text
    assert "MAILCHIMP_API_KEY" in page
    for secret in ("abc-secret", "hushhush", "gus-secret", "test.db"):
        assert secret not in page
