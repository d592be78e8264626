"""The timeline of a client: what stands on it, for whom, and page by page."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from crm.models import (
    Client,
    ClientTag,
    Deal,
    Note,
    Relationship,
    RelationshipType,
    Setting,
    Status,
    Tag,
    Task,
    TimelineEntry,
)
from crm.models.types import utc_now
from crm.services.clients.archiving import archive
from crm.services.merging.merge import merge
from crm.services.modules import switch_modules
from crm.services.undo.operation import undo

MOST_QUERIES = 4
LOOK_UPS = 7


def lines(page: str) -> list[str]:
    """Each line of a timeline as bare text."""
    found = re.findall(r"<li>(.*?)</li>\s*(?=<li|</ul>|$)", page, re.S)
    return [" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in found]


def test_changes_in_words(make_client: Any, sign_in: Any, system: Any, people: dict[str, int]) -> None:
    acme = make_client("Acme", assignees=["alice"], email="old@acme.example")
    with system() as session:
        client = session.get(Client, acme)
        status = {s.code: s for s in session.scalars(select(Status))}
        client.status = status["new"]
        session.commit()
        client.status = status["active"]
        session.commit()
        client.email, client.billing_city = "new@acme.example", "Gdynia"
        client.billing_amount = 12.5
        session.commit()
        client.tag_links = [ClientTag(tag=Tag(name="Fair"))]
        session.commit()
        client.tag_links = []
        session.commit()
        archive(client)
        session.commit()
    everything = sign_in("alice").get(f"/crm/clients/timeline/{acme}?show=all").text
    text = " ".join(re.sub(r"<[^>]+>", " ", everything).split())
    assert "Status changed New → Active" in text
    assert "E-mail old@acme.example → new@acme.example" in text
    assert "City Gdynia" in text
    assert "Billing amount 12.5" in text
    assert everything.count("<ins>Fair</ins>") == 1
    assert everything.count("<del>Fair</del>") == 1
    assert "Archived" in text
    interactions = sign_in("alice").get(f"/crm/clients/timeline/{acme}").text
    assert "Status changed" in interactions
    assert "Gdynia" not in interactions


def test_one_entry_per_operation(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    with system() as session:
        client = session.get(Client, acme)
        client.stars = 2
        session.flush()
        client.billing_city = "Gdynia"
        client.status = session.scalars(select(Status).where(Status.code == "vip")).one()
        session.commit()
        entries = session.scalars(select(TimelineEntry).where(TimelineEntry.client_id == acme)).all()
        assert [e.kind for e in entries] == ["created", "status"]


def test_records_with_text_actor_and_link(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    alice = sign_in("alice")
    alice.post("/crm/notes/add", data={"client": acme, "text": "First line\nand the second"})
    alice.post("/crm/tasks/add", data={"client": acme, "title": "Call back"})
    page = alice.get(f"/crm/clients/timeline/{acme}").text
    assert "First line\nand the second" in page
    assert "/crm/notes/show/1" in page
    assert "Alice" in page
    bob = sign_in("bob")
    assert bob.post("/crm/tasks/done/1", data={"done": "yes"}).status_code == 302
    with system() as session:
        done = session.scalars(select(TimelineEntry).where(TimelineEntry.kind == "task.done")).one()
        bob_id = done.actor_id
        task = session.get(Task, 1)
        task.title = "Call back soon"
        session.commit()
        done = session.scalars(select(TimelineEntry).where(TimelineEntry.kind == "task.done")).one()
        assert (done.actor_id, done.summary) == (bob_id, "Call back soon")
    assert "Task – done" in alice.get(f"/crm/clients/timeline/{acme}").text
    bob.post("/crm/tasks/done/1", data={"done": "no"})
    assert "Task – done" not in alice.get(f"/crm/clients/timeline/{acme}").text
    alice.post("/crm/notes/delete/1")
    assert "First line" not in alice.get(f"/crm/clients/timeline/{acme}").text


def test_masked_values_stay_masked(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"], email="old@acme.example", sensitive=True)
    with system() as session:
        session.get(Client, acme).email = "new@acme.example"
        session.commit()
    page = sign_in("alice").get(f"/crm/clients/timeline/{acme}?show=all").text
    assert "E-mail" in page
    assert "@acme.example" not in page
    assert "new@acme.example" in sign_in("office").get(f"/crm/clients/timeline/{acme}?show=all").text


def test_only_what_the_viewer_may_see(make_client: Any, sign_in: Any, system: Any) -> None:
    acme, foreign = make_client("Acme", assignees=["alice"]), make_client("Hidden", assignees=["charlie"])
    with system() as session:
        kind = session.scalar(select(RelationshipType))
        session.add(Relationship(client_id=acme, other_id=foreign, type=kind))
        session.add(Task(client_id=acme, title="A task"))
        session.add(Deal(client_id=acme, title="A deal"))
        session.commit()
    alice, admin = sign_in("alice"), sign_in("admin")
    assert "Hidden" not in alice.get(f"/crm/clients/timeline/{acme}").text
    assert "Hidden" in admin.get(f"/crm/clients/timeline/{acme}").text
    assert "A task" in alice.get(f"/crm/clients/timeline/{acme}").text
    assert alice.get(f"/crm/clients/timeline/{foreign}").status_code == 404
    with system() as session:
        switch_modules([])
        session.commit()
        assert session.scalar(select(Setting.value))
    page = alice.get(f"/crm/clients/timeline/{acme}").text
    assert "A task" not in page
    assert "A deal" in page


@pytest.mark.both_engines
def test_pages_follow_each_other(make_client: Any, sign_in: Any, system: Any, count_queries: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    with system() as session:
        moment = utc_now() - timedelta(days=1)
        for n in range(45):
            # three at a time share one moment: the keyset has to tell them apart
            session.add(
                Note(client_id=acme, text=f"note-{n:02}", created_at=moment + timedelta(minutes=n // 3))
            )
        session.get(Client, acme).billing_city = "Gdynia"
        session.commit()
    alice, seen, address = sign_in("alice"), [], f"/crm/clients/timeline/{acme}?part=lines&show=all"
    while address:
        with count_queries() as statements:
            page = alice.get(address).text
        assert len(statements) <= MOST_QUERIES + LOOK_UPS
        seen += re.findall(r"note-\d\d", page)
        following = re.search(r'hx-get="([^"]+)"', page)
        address = following.group(1).replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 45
    assert [s[5:] for s in seen] == sorted((s[5:] for s in seen), key=lambda n: (-(int(n) // 3), -int(n)))


def test_nonsense_is_refused(make_client: Any, sign_in: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    alice = sign_in("alice")
    for query in ("before=x", "before=1-x", "before=-1-1", "part=x", "before=" + "9" * 40 + "-1"):
        assert alice.get(f"/crm/clients/timeline/{acme}?{query}").status_code == 400, query
    assert alice.get("/crm/clients/timeline/999").status_code == 404


def test_a_merge_names_what_came_in(make_client: Any, sign_in: Any, system: Any) -> None:
    source, target = (
        make_client("Source AG", assignees=["alice"]),
        make_client("Target AG", assignees=["alice"]),
    )
    with system() as session:
        session.add(Note(client_id=source, text="came along"))
        session.commit()
        number = merge(source, target)
        session.commit()
    alice = sign_in("alice")
    page = " ".join(re.sub(r"<[^>]+>", " ", alice.get(f"/crm/clients/timeline/{target}").text).split())
    assert "Merged Source AG" in page
    assert "came along" in page
    with system() as session:
        undo(number)
        session.commit()
    page = " ".join(re.sub(r"<[^>]+>", " ", alice.get(f"/crm/clients/timeline/{target}").text).split())
    assert "Merge undone Source AG" in page
    assert "came along" not in page
    back = alice.get(f"/crm/clients/timeline/{source}").text
    assert "came along" in back
    assert "Target AG" not in back
