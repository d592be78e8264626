"""Task lists and projects: what is put into them, their progress, and where they may not go."""

from typing import Any

import pytest
from sqlalchemy import select

from crm.models import Project, Task, TaskList
from crm.services.merging.merge import merge

ELSEWHERE = "This is at another client."


@pytest.fixture
def acme(make_client: Any) -> int:
    return make_client("Acme", assignees=["alice"])


@pytest.fixture
def add(sign_in: Any) -> Any:
    """`add("projects", name="Rings")` as Alice; gives the id."""
    alice = sign_in("alice")

    def added(types: str, **values: Any) -> int:
        answer = alice.post(f"/api/v1/{types}/", json=values)
        assert answer.status_code == 201, answer.text
        return answer.json["id"]

    return added


def test_a_task_added_from_a_list_belongs_to_it_its_project_and_client(
    acme: int, add: Any, sign_in: Any, system: Any
) -> None:
    project = add("projects", name="Rings", client=acme)
    steps = add("task-lists", name="Steps", project=project)
    alice = sign_in("alice")
    form = alice.get(f"/crm/tasks/add?task_list={steps}").text
    for words in ("Acme", "Rings", "Steps"):
        assert words in form
    saved = alice.post(f"/crm/tasks/add?task_list={steps}", data={"title": "Cast", "task_list": steps})
    assert saved.location.endswith(f"/crm/task-lists/show/{steps}")
    with system() as session:
        task = session.scalars(select(Task)).one()
        assert (task.task_list_id, task.project_id, task.client_id) == (steps, project, acme)
        assert session.get(TaskList, steps).client_id == acme
    for page in (f"/crm/task-lists/show/{steps}", f"/crm/projects/show/{project}"):
        assert "Cast" in alice.get(page).text
    assert sign_in("charlie").get(f"/crm/tasks/add?task_list={steps}").status_code == 404


def test_progress_follows_the_ticks(acme: int, add: Any, sign_in: Any, count_queries: Any) -> None:
    project = add("projects", name="Rings", client=acme)
    steps = add("task-lists", name="Steps", project=project)
    tasks = [add("tasks", title=f"Step {n}", task_list=steps) for n in range(4)]
    alice = sign_in("alice")
    assert alice.get(f"/api/v1/task-lists/{steps}").json["result"]["progress"] == {"done": 0, "all": 4}
    row = alice.post(
        f"/crm/tasks/done/{tasks[0]}?within=project", data={"done": "yes"}, headers={"HX-Request": "true"}
    ).text
    for place in (f"progress-project-{project}", f"progress-task_list-{steps}"):
        assert f'id="{place}" hx-swap-oob="true"' in row
    assert "1 of 4 done" in row
    for page in (
        f"task-lists/show/{steps}",
        "task-lists/list/",
        f"projects/show/{project}",
        "projects/list/",
    ):
        assert "1 of 4 done" in alice.get(f"/crm/{page}").text, page
    assert "1 of 4 done" in alice.get(f"/crm/clients/show/{acme}?tab=tasks").text
    assert alice.get("/api/v1/projects/").json["result"][0]["progress"] == {"done": 1, "all": 4}
    answer = alice.get(f"/api/v1/projects/{project}").json["result"]
    assert alice.put(f"/api/v1/projects/{project}", json=answer).status_code == 200
    with count_queries() as few:
        alice.get("/crm/task-lists/list/")
    for n in range(20):
        add("tasks", title="More", task_list=add("task-lists", name=f"List {n}", client=acme))
    with count_queries() as many:
        alice.get("/crm/task-lists/list/")
    assert len(many) <= len(few) + 1


def test_only_what_is_seen_counts(acme: int, add: Any, sign_in: Any, make_client: Any, system: Any) -> None:
    hidden = make_client("Hidden", assignees=["charlie"])
    shared = add("task-lists", name="Sprint", kind="sprint")
    add("tasks", title="Mine", task_list=shared, client=acme)
    with system() as session:
        session.add(Task(title="Theirs", client_id=hidden, task_list_id=shared))
        session.commit()
    assert sign_in("alice").get(f"/api/v1/task-lists/{shared}").json["result"]["progress"]["all"] == 1


def test_what_is_at_another_client_is_refused(acme: int, add: Any, sign_in: Any, make_client: Any) -> None:
    other = make_client("Other", assignees=["alice"])
    steps, project = (
        add("task-lists", name="Steps", client=other),
        add("projects", name="Other", client=other),
    )
    own = add("projects", name="Own", client=acme)
    alice = sign_in("alice")
    for values in ({"task_list": steps}, {"project": project}):
        refused = alice.post("/api/v1/tasks/", json={"title": "x", "client": acme, **values})
        assert refused.status_code == 422 and ELSEWHERE in refused.text
    refused = alice.post("/crm/tasks/add", data={"title": "x", "client": acme, "task_list": steps})
    assert refused.status_code == 422 and ELSEWHERE in refused.text
    refused = alice.post("/api/v1/tasks/", json={"title": "x", "task_list": steps, "project": own})
    assert refused.status_code == 422
    within = add("task-lists", name="Of the project", project=own)
    refused = alice.post(
        "/api/v1/tasks/", json={"title": "x", "task_list": within, "project": add("projects", name="3")}
    )
    assert "another project" in refused.text
    everybodys = {"title": "x", "client": acme, "task_list": add("task-lists", name="All")}
    assert alice.post("/api/v1/tasks/", json=everybodys).status_code == 201


def test_the_choices_are_those_of_the_client_and_of_nobody(
    acme: int, add: Any, sign_in: Any, make_client: Any
) -> None:
    other = make_client("Other", assignees=["alice"])
    for name, client in (("Steps here", acme), ("Steps there", other), ("Steps for all", None)):
        add("task-lists", name=name, client=client)
    found = sign_in("alice").get(f"/crm/task-lists/choices?client={acme}").json["results"]
    assert {one["text"] for one in found} == {"Steps here", "Steps for all"}


def test_a_list_takes_its_tasks_along(
    acme: int, add: Any, sign_in: Any, make_client: Any, system: Any
) -> None:
    other = make_client("Other", assignees=["alice"])
    project = add("projects", name="Rings")
    steps = add("task-lists", name="Steps", project=project)
    task = add("tasks", title="Cast", task_list=steps)
    alice = sign_in("alice")
    for client in (acme, other):
        assert alice.put(f"/api/v1/projects/{project}", json={"client": client}).status_code == 200
        with system() as session:
            assert session.get(TaskList, steps).client_id == session.get(Task, task).client_id == client
    with system() as session:
        merge(other, acme)
        session.commit()
        session.expire_all()
        assert {
            session.get(m, i).client_id for m, i in ((Project, project), (TaskList, steps), (Task, task))
        } == {acme}


def test_no_project_is_part_of_itself(acme: int, add: Any, sign_in: Any) -> None:
    top = add("projects", name="Top", client=acme)
    middle = add("projects", name="Middle", parent=top)
    bottom = add("projects", name="Bottom", parent=middle)
    alice = sign_in("alice")
    for parent in (top, middle, bottom):
        refused = alice.put(f"/api/v1/projects/{top}", json={"parent": parent})
        assert refused.status_code == 422
        assert "A project cannot be part of itself." in refused.text
    page = alice.post(f"/crm/projects/edit/{top}", data={"parent": bottom})
    assert page.status_code == 422 and "part of itself" in page.text
    assert "Bottom" in alice.get(f"/crm/projects/show/{middle}").text


def test_dates_the_right_way_round(acme: int, sign_in: Any) -> None:
    alice = sign_in("alice")
    dates = {"start": "2026-11-22", "due": "2026-11-21", "end": "2026-11-21"}
    answer = alice.post("/api/v1/task-lists/", json={"name": "x", **{k: dates[k] for k in ("start", "due")}})
    assert answer.json["errors"] == {"due": ["It is due before it starts."]}
    answer = alice.post("/api/v1/projects/", json={"name": "x", **{k: dates[k] for k in ("start", "end")}})
    assert answer.json["errors"] == {"end": ["The end is before the start."]}


def test_a_deleted_list_leaves_its_tasks(acme: int, add: Any, sign_in: Any, system: Any) -> None:
    steps = add("task-lists", name="Steps", client=acme)
    task = add("tasks", title="Cast", task_list=steps)
    assert sign_in("alice").post(f"/crm/task-lists/delete/{steps}").status_code == 302
    with system() as session:
        assert session.get(Task, task).task_list_id is None


def test_who_has_a_task_in_a_list_of_nobody_sees_it(add: Any, sign_in: Any, people: dict[str, int]) -> None:
    sprint = add("task-lists", name="Sprint", kind="sprint")
    charlie = sign_in("charlie")
    assert charlie.get(f"/crm/task-lists/show/{sprint}").status_code == 404
    add("tasks", title="For Charlie", task_list=sprint, assignees=["charlie"])
    assert "For Charlie" in charlie.get(f"/crm/task-lists/show/{sprint}").text


def test_kinds_without_records_make_no_sections(acme: int, add: Any, sign_in: Any) -> None:
    alice = sign_in("alice")
    page = alice.get(f"/crm/clients/show/{acme}?tab=tasks").text
    assert "Task lists" in page and "Sprints" not in page
    add("task-lists", name="Week 48", kind="sprint", client=acme)
    assert "Sprints" in alice.get(f"/crm/clients/show/{acme}?tab=tasks").text
