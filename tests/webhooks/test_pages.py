"""Webhooks under Settings: set up, tried, looked at, sent again."""

import re

from sqlalchemy import func, select

from crm.extensions import db
from crm.models import Operation, SecretSetting, Webhook, WebhookDelivery
from crm.models.webhook import FAILED, SENT, WAITING
from crm.security.visibility import as_system
from crm.services.key_rotation import rotate
from tests.users import user

PAGE = "/settings/webhooks"


def test_a_webhook_from_its_first_form_to_its_end(app, receiver, deliver, make_client, sign_in) -> None:
    office = sign_in("office")
    with app.app_context():
        ids = {name: user(name).id for name in ("admin", "office", "alice")}
    assert "No webhooks yet" in office.get(f"{PAGE}/").text
    assert office.get(f"{PAGE}/add").text.count('value="client.create"') == 1
    good = {
        "name": "Shop",
        "url": receiver.url,
        "user": ids["alice"],
        "events": ["client.create", "client.update"],
    }
    # each mistake at its field, what was typed kept
    for name, value, words in (
        ("name", "", "Please fill this in."),
        ("url", "ftp://example.com", "only https is allowed"),
        ("url", "https://user:word@example.com/", "no user name or password"),
        ("user", ids["admin"], "This user may see more than you do."),
        ("user", "", "Please fill this in."),
        ("events", [], "Tick what is to be told."),
        ("events", ["client.burn"], "There is no such choice."),
    ):
        answer = office.post(f"{PAGE}/add", data={**good, name: value})
        assert (answer.status_code, words in answer.text) == (422, True), (name, value)
        assert 'value="Shop"' in answer.text or name == "name"
    app.config["CRM_WEBHOOKS_ALLOW_PRIVATE"] = False
    assert "only https is allowed" in office.post(f"{PAGE}/add", data=good).text
    app.config["CRM_WEBHOOKS_ALLOW_PRIVATE"] = True
    made = office.post(f"{PAGE}/add", data=good)
    secret = re.search(r"whsec_[\w+/=]+", made.text).group()
    assert made.status_code == 201 and "no-store" in made.headers["Cache-Control"]
    shown = office.get(f"{PAGE}/show/1").text
    assert "whsec_" not in shown and "Added, changed" in shown
    with app.app_context():
        hook = db.session.get_one(Webhook, 1)
        assert (hook.active, hook.user_id, hook.events) == (
            True,
            ids["alice"],
            ["client.create", "client.update"],
        )
        kept = db.session.connection().exec_driver_sql("SELECT value FROM secret_setting").scalar()
        assert secret not in str(kept)
        # a new key for what is kept encrypted takes it along
        rotate()
        assert db.session.scalar(select(SecretSetting.value).filter_by(key="webhook.1")) == secret
        db.session.remove()

    office.post(f"{PAGE}/test/1")
    assert receiver.take() == [("ping", None)]
    receiver.status = 500
    assert "500: not delivered" in office.post(f"{PAGE}/test/1", follow_redirects=True).text
    client = make_client("Acme <b>", assignees=["alice"])
    deliver()
    with app.app_context(), as_system():
        rows = db.session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)).all()
        assert [row.state for row in rows] == [SENT, FAILED, WAITING]
        rows[2].state = FAILED
        db.session.get_one(Webhook, 1).retry_at = None
        db.session.commit()
        number = rows[2].id
    assert "500 told" in office.get(f"{PAGE}/show/1?state=failed").text
    receiver.status = 200
    receiver.told.clear()
    assert office.post(f"{PAGE}/again/{number}").status_code == 302
    deliver()
    assert receiver.take() == [("client.create", client)]
    assert office.post(f"{PAGE}/again/1").status_code == 409
    assert "Nothing here" in office.get(f"{PAGE}/show/1?state=waiting").text
    assert office.get(f"{PAGE}/show/1?state=odd").status_code == 400

    renewed = office.post(f"{PAGE}/secret/1").text
    assert re.search(r"whsec_[\w+/=]+", renewed).group() != secret
    office.post(f"{PAGE}/edit/1", data={**good, "name": "The shop", "events": ["client.delete"]})
    office.post(f"{PAGE}/switch/1", data={"on": "no"})
    page = office.get(f"{PAGE}/show/1").text
    assert "The shop" in page and "Switched off." in page
    # what was told and to whom is told by the log of operations
    assert "Webhook" in sign_in("admin").get("/crm/operations/").text
    for name in ("alice", "vera"):
        other = sign_in(name)
        assert PAGE not in other.get("/", follow_redirects=True).text
        for answer in (other.get(f"{PAGE}/"), other.get(f"{PAGE}/show/1"), other.post(f"{PAGE}/delete/1")):
            assert answer.status_code in (302, 403)
    assert office.get(f"{PAGE}/show/{2**63}").status_code == 404
    assert office.post(f"{PAGE}/delete/1").status_code == 302
    with app.app_context():
        for model in (Webhook, WebhookDelivery, SecretSetting):
            assert db.session.scalar(select(func.count()).select_from(model)) == 0
        kinds = db.session.scalars(
            select(Operation.kind).where(Operation.kind.startswith("webhook")).order_by(Operation.id)
        ).all()
        assert kinds == ["webhook.insert", "webhook.update", "webhook.update", "webhook.delete"]
