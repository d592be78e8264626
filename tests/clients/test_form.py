"""The form of a client (A1 to A8, A12, A13)."""

import io
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from crm.models import AttributeDefinition, Client, ClientExternalId, ClientPhoto, Status, Tag
from crm.services.clients import photos
from tests.filled_form import FilledForm, opened

ADD = "/crm/clients/add"


def picture(size: tuple[int, int] = (900, 600), kind: str = "PNG", **kw: Any) -> tuple[io.BytesIO, str]:
    """A picture ready to be uploaded."""
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, **kw)
    out.seek(0)
    return out, f"logo.{kind.lower()}"


def the_client(session: Any) -> Client:
    return session.scalars(select(Client)).one()


def add(browser: Any, **fields: Any) -> Any:
    """What a browser gets that fills these fields into the form of a new client."""
    return browser.post(ADD, data=opened(browser, ADD).change(**fields))


# -- what is asked and kept


def test_everything_typed_is_stored(sign_in: Any, system: Any, people: Any) -> None:
    alice = sign_in("alice")
    answer = add(
        alice, kind="person", first_name="Jan", last_name="Kowalski", position="CEO", short_name="JK",
        email="jan@firma.pl", phone="601 234 567", mobile="+48 602 000 111", phone2="22 1234567", website="firma.pl",
        language="pl", tax_id="PL 123-456-32-18", regon="123456785", pesel="44051401359", peppol_id="0208:1",
        external_id="c-1", billing_street="Długa 1", billing_postal_code="00-001", billing_city="Warszawa",
        billing_region="Mazowieckie", billing_country="PL", use_delivery="y", delivery_city="Sopot",
        delivery_country="PL", bank="mBank", account_number="PL61109010140000071219812874",
        billing_amount="1 234,50", billing_currency="PLN", payment_period="0", discount="12,5", consent="yes",
        consent_source="fair", is_buyer="y", notes="quiet", description="# Hello", tags=["Warm", "New one"],
        assignee_links=[str(people["bob"]), str(people["alice"])],
    )  # fmt: skip
    assert answer.status_code == 302, answer.text
    with system() as session:
        client = the_client(session)
        assert (client.name, client.kind, client.position) == ("Jan Kowalski", "person", "CEO")
        assert (client.phone, client.phone_e164) == ("601 234 567", "+48601234567")
        assert (client.website, client.domain) == ("https://firma.pl", "firma.pl")
        assert (client.tax_id, client.tax_id_key) == ("PL 123-456-32-18", "PL1234563218")
        assert client.external_id == "c-1"
        assert client.address("billing")["city"] == "Warszawa" and client.delivery_city == "Sopot"
        assert (str(client.billing_amount), client.payment_period, str(client.discount)) == (
            "1234.50",
            0,
            "12.50",
        )
        assert (client.consent, client.consent_source, client.consent_by_id) == (
            True,
            "fair",
            people["alice"],
        )
        assert client.consent_at is not None
        assert [user.username for user in client.assignees] == ["bob", "alice"]
        assert sorted(tag.name for tag in client.tags) == ["New one", "Warm"]
        assert client.status.code == "new" and client.is_buyer and not client.is_supplier
    page = alice.get("/crm/clients/edit/1").text
    assert 'value="12.5"' in page and 'value="1234.5"' in page and "Długa 1" in page


def test_name_is_made_of_first_and_last_name_and_can_be_overridden(sign_in: Any, system: Any) -> None:
    alice = sign_in("alice")
    add(alice, kind="person", first_name="Ewa", last_name="Nowak", email="e@x.pl")
    form = opened(alice, "/crm/clients/edit/1")
    assert form.values["name"] == ["Ewa Nowak"]
    alice.post("/crm/clients/edit/1", data=form.change(last_name="Lis"))
    with system() as session:
        assert the_client(session).name == "Ewa Lis"
    alice.post("/crm/clients/edit/1", data=opened(alice, "/crm/clients/edit/1").change(name="Dr Lis"))
    alice.post("/crm/clients/edit/1", data=opened(alice, "/crm/clients/edit/1").change(last_name="Wilk"))
    with system() as session:
        assert the_client(session).name == "Dr Lis", "a name of its own stays"


def test_switching_the_kind_loses_nothing(sign_in: Any, system: Any) -> None:
    alice = sign_in("alice")
    ewa = {"kind": "person", "first_name": "Ewa", "last_name": "Nowak", "pesel": "44051401359"}
    add(alice, **ewa, email="e@x.pl", use_delivery="y", delivery_city="Hel")
    for kind in ("company", "person"):
        form = opened(alice, "/crm/clients/edit/1").change(kind=kind, use_delivery=None)
        assert alice.post("/crm/clients/edit/1", data=form).status_code == 302
    with system() as session:
        client = the_client(session)
        assert (client.kind, client.first_name, client.pesel) == ("person", "Ewa", "44051401359")
        assert (client.use_delivery, client.delivery_city) == (False, "Hel")


def test_a_refused_form_keeps_everything_typed(sign_in: Any, system: Any) -> None:
    alice = sign_in("alice")
    typed = {
        "kind": "person", "short_name": "Kept", "tags": ["One", "Two"], "billing_country": "DE", "discount": "abc",
        "notes": "kept <notes>", "use_delivery": "y", "delivery_city": "Hel", "language": "de", "consent": "no",
    }  # fmt: skip
    answer = add(alice, **typed)
    assert answer.status_code == 422
    shown = FilledForm(answer.text).values
    for name, value in typed.items():
        assert shown[name] == (value if isinstance(value, list) else [value])
    for message in ("Give a name, or a first and last name.", "at least one of e-mail, phone and mobile",
                    "This is not a number."):  # fmt: skip
        assert message in answer.text
    with system() as session:
        assert session.scalar(select(Client.id)) is None
        assert session.scalar(select(Tag.id)) is None


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("email", "no", "This is not an e-mail address."),
        ("email", "a@b.pl, c@d.pl", "One e-mail address only."),
        ("phone", "none", "This is not a phone number."),
        ("website", "javascript:alert(1)", "This is not a web address."),
        ("discount", "101", "From 0 to 100 %."),
        ("discount", "-1", "From 0 to 100 %."),
        ("payment_period", "-1", "From 0 to 3650 days."),
        ("payment_period", "1.5", "A whole number, please."),
        ("billing_country", "XX", "There is no such choice."),
        ("billing_currency", "ABC", "There is no such choice."),
        ("language", "xx", "There is no such choice."),
        ("status", "999", "There is no such status."),
        ("status", "abc", "There is no such status."),
        ("kind", "robot", "Not a valid choice."),
        ("name", "x" * 201, "200"),
        ("assignee_links", ["99999"], "There is no such user."),
        ("billing_amount", "9" * 30, "This number is too large."),
    ],
)
def test_bad_input_is_refused_at_its_field(sign_in: Any, field: str, value: Any, message: str) -> None:
    answer = add(sign_in("alice"), **{"name": "Acme", "email": "a@b.pl", field: value})
    assert answer.status_code == 422
    assert message in answer.text


def test_an_older_client_without_contact_data_can_be_edited(
    sign_in: Any, make_client: Any, system: Any
) -> None:
    alice, client = sign_in("alice"), make_client("Old", assignees=["alice"])
    url = f"/crm/clients/edit/{client}"
    assert alice.post(url, data=opened(alice, url).change(notes="seen")).status_code == 302
    assert alice.post(url, data=opened(alice, url).change(phone="601234567")).status_code == 302
    assert alice.post(url, data=opened(alice, url).change(phone="")).status_code == 422, "but not emptied"


# -- warnings


def test_wrong_numbers_are_a_warning_that_can_be_overridden(sign_in: Any, system: Any) -> None:
    alice = sign_in("alice")
    answer = add(alice, name="Acme", email="a@b.pl", tax_id="123", account_number="PL00", notes="kept")
    assert answer.status_code == 422 and answer.text.count("Save it anyway") == 2
    form = FilledForm(answer.text)
    assert form.values["notes"] == ["kept"]
    half = alice.post(ADD, data=form.change(keep=["tax_id=123"]))
    assert half.status_code == 422 and half.text.count("Save it anyway") == 1
    other = alice.post(ADD, data=form.change(keep=["tax_id=123", "account_number=PL00"], tax_id="124"))
    assert other.status_code == 422, "a tick is for the value that was shown"
    assert alice.post(ADD, data=form.change(keep=["tax_id=123", "account_number=PL00"])).status_code == 302
    url = "/crm/clients/edit/1"
    assert alice.post(url, data=opened(alice, url).change(notes="new")).status_code == 302, "asked once"
    with system() as session:
        assert (the_client(session).tax_id, the_client(session).notes) == ("123", "new")


# -- who looks after it, tags, external IDs, consent


def test_inactive_users_are_not_offered_but_stay(
    sign_in: Any, make_client: Any, system: Any, people: Any
) -> None:
    from flask_appbuilder.security.sqla.models import User

    client = make_client("Acme", assignees=["bob", "alice"], email="a@b.pl")
    with system() as session:
        for name in ("bob", "vera"):
            session.get(User, people[name]).active = False
        session.commit()
    alice, url = sign_in("alice"), f"/crm/clients/edit/{client}"
    form = opened(alice, url)
    assert form.values["assignee_links"] == [str(people["bob"]), str(people["alice"])]
    assert f'value="{people["vera"]}"' not in alice.get(url).text
    refused = alice.post(url, data=form.change(assignee_links=[str(people["vera"])]))
    assert refused.status_code == 422
    both = [str(people["alice"]), str(people["bob"])]
    assert alice.post(url, data=form.change(assignee_links=both)).status_code == 302
    with system() as session:
        assert [user.username for user in the_client(session).assignees] == ["alice", "bob"]


def test_who_gives_a_client_away_is_told_so(sign_in: Any, make_client: Any, people: Any) -> None:
    client = make_client("Acme", assignees=["alice"], email="a@b.pl")
    alice, url = sign_in("alice"), f"/crm/clients/edit/{client}"
    charlie = [str(people["charlie"])]
    answer = alice.post(url, data=opened(alice, url).change(assignee_links=charlie), follow_redirects=True)
    assert answer.status_code == 200 and "You no longer see this client." in answer.text


def test_tags_are_made_by_who_may(sign_in: Any, make_client: Any, system: Any, app: Any) -> None:
    alice, client = sign_in("alice"), make_client("Acme", assignees=["alice"], email="a@b.pl")
    url = f"/crm/clients/edit/{client}"
    assert alice.post(url, data=opened(alice, url).change(tags=["Big", "big ", "Late"])).status_code == 302
    assert sorted(opened(alice, url).values["tags"]) == ["Big", "Late"]
    assert alice.post(url, data=opened(alice, url).change(tags=None)).status_code == 302
    assert "tags" not in opened(alice, url).values or not opened(alice, url).values["tags"]
    assert alice.post(url, data=opened(alice, url).change(tags=["x" * 61])).status_code == 422


def test_an_external_id_belongs_to_one_client(sign_in: Any, make_client: Any, system: Any) -> None:
    foreign = make_client("Foreign", assignees=["charlie"])
    with system() as session:
        session.add(ClientExternalId(client_id=foreign, external_id="X-1"))
        session.commit()
    alice = sign_in("alice")
    answer = add(alice, name="Acme", email="a@b.pl", external_id="X-1")
    assert answer.status_code == 422
    assert "Another client has this external ID." in answer.text and "Foreign" not in answer.text


def test_consent_notes_when_and_by_whom(sign_in: Any, make_client: Any, system: Any, people: Any) -> None:
    alice, client = sign_in("alice"), make_client("Acme", assignees=["alice"], email="a@b.pl")
    url = f"/crm/clients/edit/{client}"
    alice.post(url, data=opened(alice, url).change(notes="x"))
    with system() as session:
        assert the_client(session).consent_at is None
    alice.post(url, data=opened(alice, url).change(consent="no", consent_source="phone"))
    with system() as session:
        found = the_client(session)
        first = found.consent_at
        assert (found.consent, found.consent_by_id, found.consent_source) == (False, people["alice"], "phone")
    alice.post(url, data=opened(alice, url).change(notes="y"))
    with system() as session:
        assert the_client(session).consent_at == first
    alice.post(url, data=opened(alice, url).change(consent=""))
    with system() as session:
        assert the_client(session).consent is None and the_client(session).consent_at is None


def test_status_of_the_address_and_kind(sign_in: Any, system: Any) -> None:
    alice = sign_in("alice")
    with system() as session:
        vip = session.scalars(select(Status).where(Status.code == "vip")).one().id
    form = opened(alice, ADD + "?status=vip&kind=person")
    assert (form.values["status"], form.values["kind"]) == ([str(vip)], ["person"])
    assert opened(alice, ADD + "?status=none").values["status"] == [""]


# -- sensitive clients


def test_masked_fields_are_not_in_the_form_and_stay(sign_in: Any, make_client: Any, system: Any) -> None:
    client = make_client("Acme", assignees=["alice"], sensitive=True, email="secret@x.pl", phone="601999888",
                         tax_id="1234563218", pesel="44051401359")  # fmt: skip
    alice, url = sign_in("alice"), f"/crm/clients/edit/{client}"
    page = alice.get(url).text
    assert "secret@x.pl" not in page and "601999888" not in page and "1234563218" not in page
    assert 'name="email"' not in page and 'name="sensitive"' not in page
    sent = FilledForm(page).change(notes="seen", email="new@x.pl", phone="", sensitive="")
    assert alice.post(url, data=sent).status_code == 302
    with system() as session:
        found = the_client(session)
        assert (found.notes, found.email, found.phone, found.sensitive) == (
            "seen",
            "secret@x.pl",
            "601999888",
            True,
        )
    office = sign_in("office")
    assert office.post(url, data=opened(office, url).change(sensitive=None)).status_code == 302
    with system() as session:
        assert the_client(session).sensitive is False


def test_only_editors_reach_the_form(sign_in: Any, make_client: Any) -> None:
    client = make_client("Acme", assignees=["alice"])
    assert sign_in("vera").get(f"/crm/clients/edit/{client}").status_code == 403
    assert sign_in("charlie").get(f"/crm/clients/edit/{client}").status_code == 404
    assert sign_in("charlie").get(f"/crm/clients/photo/{client}").status_code == 404


# -- pictures


def test_a_picture_is_made_small_and_served_safely(sign_in: Any, make_client: Any, system: Any) -> None:
    alice, client = sign_in("alice"), make_client("Acme", assignees=["alice"], email="a@b.pl")
    url, photo = f"/crm/clients/edit/{client}", f"/crm/clients/photo/{client}"
    assert alice.get(photo).status_code == 404
    sent = {**opened(alice, url).change(), "photo": picture()}
    assert alice.post(url, data=sent, content_type="multipart/form-data").status_code == 302
    answer = alice.get(photo)
    assert answer.status_code == 200 and answer.mimetype in ("image/webp", "image/png")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert max(Image.open(io.BytesIO(answer.data)).size) == 512
    again = alice.get(photo, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert alice.post(url, data=opened(alice, url).change(remove_photo="y")).status_code == 302
    assert alice.get(photo).status_code == 404


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "x.svg"),
        (b"<html><script>alert(1)</script></html>", "x.png"),
        (b"", "x.png"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 100, "x.png"),
        (b"GIF89a" + b"\x00" * 30, "x.gif"),
        (b"x" * 5_000, "x.png"),
    ],
)
def test_what_is_no_picture_is_refused(
    sign_in: Any, system: Any, monkeypatch: pytest.MonkeyPatch, content: bytes, name: str
) -> None:
    monkeypatch.setattr(photos, "LARGEST_UPLOAD", 4_000)
    alice = sign_in("alice")
    fields = opened(alice, ADD).change(name="Acme", email="a@b.pl", notes="kept")
    sent = {**fields, "photo": (io.BytesIO(content), name)}
    answer = alice.post(ADD, data=sent, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "picture" in answer.text and "kept" in answer.text
    with system() as session:
        assert session.scalar(select(ClientPhoto.id)) is None


def test_a_picture_of_too_many_pixels_is_refused(sign_in: Any) -> None:
    alice = sign_in("alice")
    fields = opened(alice, ADD).change(name="Acme", email="a@b.pl")
    out = io.BytesIO()
    Image.new("1", (8000, 8000)).save(out, "PNG")
    out.seek(0)
    answer = alice.post(ADD, data={**fields, "photo": (out, "x.png")}, content_type="multipart/form-data")
    assert answer.status_code == 422 and "too many pixels" in answer.text


# -- attributes on the form


def test_a_required_attribute_blocks_the_add_form_only(sign_in: Any, make_client: Any, system: Any) -> None:
    older = make_client("Older", assignees=["alice"], email="a@b.pl")
    with system() as session:
        session.add(AttributeDefinition(label="Size", type="integer", required=True))
        session.add(AttributeDefinition(label="Area", type="text", default="north"))
        session.commit()
    alice = sign_in("alice")
    form = opened(alice, ADD)
    assert form.values["attr_area"] == ["north"]
    refused = alice.post(ADD, data=form.change(name="Acme", email="a@b.pl"))
    assert refused.status_code == 422 and "Please fill this in." in refused.text
    assert alice.post(ADD, data=form.change(name="Acme", email="a@b.pl", attr_size="0")).status_code == 302
    url = f"/crm/clients/edit/{older}"
    assert alice.post(url, data=opened(alice, url).change(notes="fine")).status_code == 302
