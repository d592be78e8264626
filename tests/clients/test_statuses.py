"""Statuses: the admin's page, order, the default, alerts, and deleting one that is in use."""

import re
import time
from datetime import timedelta
from threading import Thread

import pytest
from flask_babel import force_locale, gettext
from sqlalchemy import delete, select, text, update

from crm.extensions import db
from crm.models import Change, Client, Operation, RelationshipType, Status, TimelineEntry
from crm.models.types import utc_now
from crm.security.visibility import as_system
from crm.services.setup import write_defaults

FORM = {
    "name": "Lead",
    "code": "",
    "background": "#112233",
    "colour": "#ffffff",
    "selectable": "y",
    "alert_days": "7",
}

WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


@pytest.fixture
def statuses(system) -> dict[str, int]:
    """Code -> id."""
    with system() as session:
        return dict(tuple(row) for row in session.execute(select(Status.code, Status.id)))


def test_a_first_start_has_four(system):
    with system() as session:
        found = [
            (s.name, s.is_default, s.closed)
            for s in session.scalars(select(Status).order_by(Status.position))
        ]
    assert found == [
        ("New", True, False),
        ("Active", False, False),
        ("VIP", False, False),
        ("Inactive", False, True),
    ]


def test_adding_and_editing(sign_in, system, statuses):
    browser = sign_in("office")
    assert browser.post("/crm/statuses/add", data=FORM).status_code == 302
    with system() as session:
        lead = session.scalar(select(Status).where(Status.name == "Lead"))
        assert (lead.code, lead.alert_days, lead.selectable, lead.position) == ("lead", 7, True, 4)
    assert "Lead" in browser.get("/crm/statuses/list/").text
    assert ".colour-status-5{--badge-back:#112233" in browser.get("/crm/colours.css").text
    assert (
        browser.post(
            f"/crm/statuses/edit/{lead.id}", data={**FORM, "code": "lead", "name": "Prospect"}
        ).status_code
        == 302
    )
    with system() as session:
        assert session.get(Status, lead.id).name == "Prospect"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "Please fill this in"),
        ({"name": "VIP"}, "There is a status with this name"),
        ({"name": "vip"}, "There is a status with this name"),
        ({"code": "vip"}, "There is a status with this code"),
        ({"code": "none"}, "Small letters"),
        ({"code": "Two words"}, "Small letters"),
        ({"background": "red"}, "A colour is written as"),
        ({"alert_days": "0"}, "Between 1 and"),
        ({"alert_days": "soon"}, "This is not a number"),
        ({"selectable": "", "is_default": "y"}, "The default status must be selectable"),
    ],
)
def test_wrong_input_is_said_at_its_field_and_kept(sign_in, wrong, words):
    sent = {k: v for k, v in {**FORM, **wrong}.items() if v or k == "name"}
    answer = sign_in("admin").post("/crm/statuses/add", data=sent)
    assert answer.status_code == 422 and words in answer.text
    assert f'value="{sent["name"]}"' in answer.text or not sent["name"]


def test_there_is_one_default(sign_in, system, statuses):
    sent = {**FORM, "name": "VIP", "code": "vip", "is_default": "y"}
    assert sign_in("admin").post(f"/crm/statuses/edit/{statuses['vip']}", data=sent).status_code == 302
    with system() as session:
        assert session.scalars(select(Status.code).where(Status.is_default)).all() == ["vip"]
    assert re.search(r"<option[^>]*selected[^>]*>VIP<", sign_in("admin").get("/crm/clients/add").text)


def test_counts_are_those_of_the_filtered_list(sign_in, make_client, statuses):
    for n in range(3):
        make_client(f"Client {n}", status_id=statuses["new"])
    make_client("Archived", status_id=statuses["new"], archived_at=utc_now())
    browser = sign_in("office")
    link = re.search(
        r'href="([^"]+status=new)" aria-label="(\d+) clients"', browser.get("/crm/statuses/list/").text
    )
    assert link and link[2] == "3"
    assert "3 clients" in browser.get(link[1]).text


@pytest.mark.both_engines
def test_order(sign_in, system, statuses):
    wanted = [statuses[code] for code in ("vip", "inactive", "new", "active")]
    browser = sign_in("admin")
    answer = browser.post("/crm/statuses/order", json={"ids": wanted})
    assert answer.status_code == 200 and answer.json["ids"] == wanted
    assert re.findall(r'kcol-name">(.*?)<', browser.get("/crm/clients/kanban/").text) == [
        "VIP",
        "Inactive",
        "New",
        "Active",
    ]
    for nonsense in ({"ids": "1"}, {"ids": ["1"]}, {"ids": [True]}, [], None, {}):
        assert browser.post("/crm/statuses/order", json=nonsense).status_code == 400
    assert sign_in("alice").post("/crm/statuses/order", json={"ids": wanted}).status_code in (302, 403)


@pytest.mark.both_engines
def test_one_in_use_goes_only_with_a_replacement(sign_in, make_client, system, statuses):
    clients = [make_client(f"Client {n}", status_id=statuses["vip"]) for n in range(3)]
    trashed = make_client("Trashed", status_id=statuses["vip"], deleted_at=utc_now())
    other = make_client("Other", status_id=statuses["new"])
    url, browser = f"/crm/statuses/replace/{statuses['vip']}", sign_in("admin")
    assert "4 clients are in this status" in browser.get(url).text
    assert browser.post(f"/crm/statuses/delete/{statuses['vip']}").status_code == 302
    for wrong in ("", "999", str(statuses["vip"]), "x"):
        assert browser.post(url, data={"replacement": wrong}).status_code == 422
    with system() as session:
        assert session.get(Status, statuses["vip"]) is not None
    assert browser.post(url, data={"replacement": str(statuses["active"])}).status_code == 302
    with system() as session:
        table = Client.__table__
        rows = session.connection().execute(
            select(table.c.id, table.c.status_id, table.c.status_changed_at, table.c.version)
        )
        found = {row.id: row for row in rows}
        assert session.get(Status, statuses["vip"]) is None
        assert all(found[i].status_id == statuses["active"] for i in (*clients, trashed))
        assert found[other].status_id == statuses["new"]
        assert all(
            found[i].version == 2 and utc_now() - found[i].status_changed_at < timedelta(minutes=1)
            for i in clients
        )
        operation = session.scalars(select(Operation).order_by(Operation.id.desc())).first()
        moves = session.scalars(
            select(Change).where(Change.operation_id == operation.id, Change.table_name == "client")
        ).all()
        assert {m.client_id for m in moves} == {*clients, trashed}
        assert all(
            m.before["status_id"] == statuses["vip"] and m.after["status_id"] == statuses["active"]
            for m in moves
        )
        lines = select(TimelineEntry.client_id).where(
            TimelineEntry.operation_id == operation.id, TimelineEntry.kind == "status"
        )
        assert set(session.scalars(lines)) == set(clients)


def test_one_that_nobody_uses_is_deleted_at_once(sign_in, system, statuses):
    assert sign_in("office").post(f"/crm/statuses/replace/{statuses['inactive']}").status_code == 302
    with system() as session:
        assert session.get(Status, statuses["inactive"]) is None


def test_a_deactivated_one_stays_where_it_is_and_is_not_offered(sign_in, make_client, system, statuses):
    client = make_client("Acme", assignees=["alice"], status_id=statuses["active"])
    with system() as session:
        session.get(Status, statuses["active"]).selectable = False
        session.commit()
    browser = sign_in("alice")
    assert "Active" in browser.get("/crm/clients/list/").text
    assert "Active" not in browser.get(f"/crm/clients/status/{client}").text


def test_alerts_are_flagged_until_the_client_moves_on(sign_in, make_client, system, statuses):
    client = make_client("Acme", assignees=["alice"], status_id=statuses["new"])
    closed = make_client("Done", assignees=["alice"], status_id=statuses["inactive"])
    with system() as session:
        for code in ("new", "inactive"):
            session.get(Status, statuses[code]).alert_days = 2
        for number in (client, closed):
            session.get(Client, number).status_changed_at = utc_now() - timedelta(days=2, minutes=1)
        session.commit()
        assert session.get(Client, client).alert and not session.get(Client, closed).alert
    browser = sign_in("alice")
    for page in ("list", "kanban"):
        assert browser.get(f"/crm/clients/{page}/").text.count("In this status for more than 2 days") == 1
    browser.post(f"/crm/clients/status/{client}", data={"status": statuses["active"]})
    assert "In this status" not in browser.get("/crm/clients/list/").text


def test_only_admins_have_the_page(sign_in):
    for who in ("alice", "vera"):
        for path in ("list/", "add", "edit/1", "replace/1"):
            assert sign_in(who).get(f"/crm/statuses/{path}").status_code in (302, 403)


def test_the_api_wants_a_replacement_too(sign_in, make_client, system, statuses, app):
    client = make_client("Acme", status_id=statuses["vip"])
    browser = sign_in("admin")
    token = browser.post(
        "/api/v1/security/login", json={"username": "admin", "password": "demo", "provider": "db"}
    ).json["access_token"]
    headers, url = {"Authorization": f"Bearer {token}"}, f"/api/v1/statuses/{statuses['vip']}"
    program = app.test_client()
    assert program.delete(url, headers=headers).status_code == 422
    assert program.delete(f"{url}?replacement=nope", headers=headers).status_code == 400
    assert program.delete(f"{url}?replacement=active", headers=headers).status_code == 200
    with system() as session:
        assert session.get(Client, client).status_id == statuses["active"]


def test_a_first_start_speaks_the_language_set(make_app, system):
    polish = make_app(BABEL_DEFAULT_LOCALE="pl")
    with polish.app_context(), as_system():
        for model in (Status, RelationshipType):
            for row in db.session.scalars(select(model)):
                db.session.delete(row)
        db.session.commit()
        write_defaults()
        db.session.commit()
        found = list(db.session.scalars(select(Status).order_by(Status.position)))
        assert [status.code for status in found] == ["new", "active", "vip", "inactive"]
        with force_locale("pl"):
            assert [status.name for status in found] == [
                gettext(n) for n in ("New", "Active", "VIP", "Inactive")
            ]
            types = {kind.label for kind in db.session.scalars(select(RelationshipType))}
            assert types == {gettext(name) for name in ("Partner", "Referral", "Parent company")}
        assert found[0].name == "Nowy"


@pytest.mark.parametrize("gone", ["vip", "active"])
@pytest.mark.postgres
def test_two_who_delete_at_once_are_told(app, sign_in, make_client, statuses, gone):
    """Somebody else deletes the status, or the one chosen for its clients, in the same moment."""
    make_client("Acme", status_id=statuses["vip"])
    browser, answers = sign_in("admin"), []
    url, sent = f"/crm/statuses/replace/{statuses['vip']}", {"replacement": str(statuses["active"])}
    with app.app_context():
        engine = db.engine
    table, clients = Status.__table__, Client.__table__
    with engine.connect() as other:
        if gone == "vip":
            other.execute(update(clients).values(status_id=None))
        other.execute(delete(table).where(table.c.id == statuses[gone]))
        deleting = Thread(target=lambda: answers.append(browser.post(url, data=sent)))
        deleting.start()
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as third:
            while deleting.is_alive() and not third.scalar(WAITING):
                time.sleep(0.01)
        other.commit()
    deleting.join()
    assert answers[0].status_code == (409 if gone == "vip" else 422)
    assert "Somebody has just deleted" in answers[0].text, answers[0].text
