"""The button in the form, the way there from the card, and the page with the key."""

from flask import Flask

from crm.integrations.gus.settings import KEY as KEY_SETTING
from crm.services.secret_settings import get_secret
from tests.gus.standin import KEY, StandIn, row

FORM = {
    "tax_id": "774-000-14-54",
    "name": "Orlen",
    "regon": "610188201",
    "billing_street": "",
    "billing_city": "Płock",
}


def test_old_and_new_side_by_side(register: StandIn, use, sign_in, make_client):
    use()
    register.rows = [
        row(Typ="F", SilosID="2", Nazwa="Gospodarstwo <b>"),
        row(DataZakonczeniaDzialalnosci="2019-05-31"),
    ]
    alice = sign_in("alice")
    page = alice.post("/crm/clients/look-up/gus", data=FORM).get_data(as_text=True)
    assert page.index("ORLEN SPÓŁKA AKCYJNA") > page.index("Gospodarstwo &lt;b&gt;")
    assert "Wound up on 2019-05-31." in page and "2 entries under 7740001454" in page
    assert 'data-take="name" data-value="ORLEN SPÓŁKA AKCYJNA"' in page
    assert 'data-take="regon"' not in page and "the same" in page
    assert "billing_country" not in page.split("hx-params")[0].replace("hx-params", "")
    wrong = alice.post("/crm/clients/look-up/gus", data={**FORM, "tax_id": "7740001455"})
    assert wrong.status_code == 422 and "ten digits" in wrong.get_data(as_text=True)
    register.fault = "html"
    down = alice.post("/crm/clients/look-up/gus", data={**FORM, "anew": "yes"})
    assert down.status_code == 422 and "does not answer" in down.get_data(as_text=True)
    assert sign_in("vera").post("/crm/clients/look-up/gus", data=FORM).status_code in (302, 403)

    client = make_client("Orlen", ["alice"], tax_id="7740001454")
    open_, secret = (
        make_client("Beta", ["alice"]),
        make_client("Gamma", ["alice"], tax_id="1234563218", sensitive=True),
    )
    link = f"/crm/clients/edit/{client}?look_up=gus#registers"
    assert link in alice.get(f"/crm/clients/show/{client}").get_data(as_text=True)
    assert 'hx-trigger="load, click"' in alice.get(link).get_data(as_text=True)
    assert 'hx-trigger="load, click"' not in alice.get(f"/crm/clients/edit/{client}").get_data(as_text=True)
    for other in (open_, secret):
        assert "look_up=" not in alice.get(f"/crm/clients/show/{other}").get_data(as_text=True)
    assert "look-up/gus" not in alice.get(f"/crm/clients/edit/{secret}").get_data(as_text=True)


def test_a_key_is_tried_before_it_is_kept(app: Flask, use, sign_in):
    use(None)
    admin = sign_in("admin")
    assert "No key yet" in admin.get("/settings/gus/").get_data(as_text=True)
    for key, words in (
        ("kurz", "20 letters"),
        ("ünreadable-key", "20 letters"),
        ("wrongwrongwrongwrong", "refuses the key"),
    ):
        answer = admin.post("/settings/gus/", data={"key": key})
        assert answer.status_code == 422 and words in answer.get_data(as_text=True)
        assert f'value="{key}"' in answer.get_data(as_text=True)
    assert admin.post("/settings/gus/", data={"key": f" {KEY} "}).status_code == 302
    page = admin.get("/settings/gus/").get_data(as_text=True)
    assert "…fghij" in page and KEY not in page and "Zaloguj" in page
    with app.app_context():
        assert get_secret(KEY_SETTING) == KEY
    assert admin.post("/settings/gus/", data={"remove": "yes"}).status_code == 302
    with app.app_context():
        assert get_secret(KEY_SETTING) is None
    use()
    assert "set by GUS_API_KEY" in admin.get("/settings/gus/").get_data(as_text=True)
    assert admin.post("/settings/gus/", data={"key": KEY}).status_code == 409
    assert sign_in("alice").get("/settings/gus/").status_code in (302, 403)
