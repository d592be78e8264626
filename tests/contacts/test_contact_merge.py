"""Two contacts of a client made one, and taken apart again."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from crm.errors import RuleError
from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    AttributeOption,
    Client,
    Contact,
    ContactExternalId,
    Deal,
    SearchEntry,
    Tag,
    TimelineEntry,
)
from crm.models.base import Base
from crm.security.visibility import as_user
from crm.services.attributes import values as attributes
from crm.services.contacts.merge import merge_contacts
from crm.services.contacts.primary import make_primary
from crm.services.merging.moving_rows import references_to
from crm.services.undo import steps as undo_steps
from crm.services.undo.operation import undo
from tests.filled_form import opened
from tests.snapshots import differences, snapshot
from tests.users import user

pytestmark = pytest.mark.both_engines


@pytest.fixture(params=["row by row", "by statements"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "by statements":
        monkeypatch.setattr(undo_steps, "ROW_BY_ROW", 0)


@pytest.fixture
def acme(make_client: Callable[..., int], system: Any) -> tuple[int, int, int]:
    """A client with two contacts: Ann, who is primary and lacks much, and Anna, who has it."""
    client = make_client("Acme", assignees=["alice"])
    with system() as session:
        gold, silver = Tag(name="Gold"), Tag(name="Silver")
        words = AttributeDefinition(label="Likes", type="words", applies_to="contact")
        words.options = [AttributeOption(label=name) for name in ("tea", "coffee")]
        texts = [
            AttributeDefinition(label=name, type="text", applies_to="contact") for name in ("Shoe", "Hat")
        ]
        session.add_all([gold, silver, words, *texts])
        ann = Contact(client_id=client, first_name="Ann", last_name="Lee", email="ann@acme.example")
        session.add(ann)
        session.flush()
        anna = Contact(client_id=client, first_name="Anna", last_name="Lee", email="Ann@acme.example",
                       phone="22 123 45 67", city="Hel", country="PL")  # fmt: skip
        ann.tags, anna.tags = [gold], [gold, silver]
        ann.external_ids = [ContactExternalId(app_code="", external_id="1")]
        anna.external_ids = [ContactExternalId(app_code="", external_id="2"),
                             ContactExternalId(app_code="shop", external_id="3")]  # fmt: skip
        session.add(anna)
        session.flush()
        attributes.set_attributes(ann, {"shoe": "38", "likes": ["tea"]})
        attributes.set_attributes(anna, {"shoe": "39", "hat": "L", "likes": ["tea", "coffee"]})
        session.add(Deal(client_id=client, title="Ring", contact=anna))
        session.commit()
        return client, ann.id, anna.id


def test_all_that_names_the_source_names_the_target(acme: Any, system: Any) -> None:
    client, ann, anna = acme
    with system() as session:
        merge_contacts(anna, ann)
        session.commit()
        one = session.scalars(select(Contact)).one()
        assert (one.id, one.first_name, one.phone, one.city, one.is_primary) == (
            ann,
            "Ann",
            "22 123 45 67",
            "Hel",
            True,
        )
        assert one.phone_e164 == "+48221234567"
        assert sorted(tag.name for tag in one.tags) == ["Gold", "Silver"]
        assert [(e.app_code, e.external_id, e.alias) for e in one.external_ids] == [
            ("", "1", False), ("shop", "3", False), ("", "2", True)
        ]  # fmt: skip
        assert one.external_id == "1"
        values = attributes.values_of(one)
        assert (values["shoe"], values["hat"], sorted(values["likes"])) == ("38", "L", ["coffee", "tea"])
        assert session.scalars(select(Deal)).one().contact_id == ann
        words = select(SearchEntry.words).where(SearchEntry.table_name == "contact")
        assert "48221234567" in session.scalars(words).one()
        told = select(TimelineEntry).where(
            TimelineEntry.client_id == client, TimelineEntry.kind == "contact_merge"
        )
        assert session.scalars(told).one().summary == "Ann Lee"


def test_choices(acme: Any, system: Any) -> None:
    _client, ann, anna = acme
    with system() as session:
        for wrong in ({"shoe": "source"}, {"email": "both"}, {"attr.x": "source"}, {"is_primary": "source"}):
            with pytest.raises(RuleError):
                merge_contacts(anna, ann, wrong)
        merge_contacts(anna, ann, {"first_name": "source", "attr.shoe": "source", "attr.likes": "target"})
        session.commit()
        one = session.scalars(select(Contact)).one()
        assert (one.first_name, one.email) == ("Anna", "ann@acme.example")
        values = attributes.values_of(one)
        assert (values["shoe"], values["likes"]) == ("39", ["tea"])


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("primary", ["source", "target"])
def test_undone_it_is_as_before(acme: Any, system: Any, primary: str) -> None:
    _client, ann, anna = acme
    with system() as session:
        if primary == "source":
            make_primary(session.get(Contact, anna))
            session.commit()
        before = snapshot()
        number = merge_contacts(anna, ann, {"email": "source", "attr.shoe": "source"})
        session.commit()
        assert session.scalars(select(Contact)).one().is_primary
        report = undo(number)
        session.commit()
        assert report.left == []
        assert not differences(before, snapshot())


def test_what_changed_since_stays(acme: Any, system: Any) -> None:
    _client, ann, anna = acme
    with system() as session:
        number = merge_contacts(anna, ann)
        session.commit()
        session.get(Contact, ann).phone = "600 700 800"
        session.commit()
        report = undo(number)
        session.commit()
        assert {(one.table, one.row_id, one.fields) for one in report.left} == {("contact", ann, ("phone",))}
        assert session.get(Contact, anna).phone == "22 123 45 67"
        assert session.get(Contact, ann).city is None


def test_every_foreign_key_to_a_contact_is_followed(acme: Any, system: Any) -> None:
    """A new table that names contacts is covered by itself, or a merge would fail here."""
    _client, ann, anna = acme
    names = {f"{column.table.name}.{column.name}" for column in references_to(Contact.__table__)}
    known = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.c
        if any(key.column is Contact.__table__.c.id for key in column.foreign_keys)
    }
    assert (
        names == known
        and {"deal.contact_id", "contact_tag.contact_id", "attribute_value.contact_id"} <= known
    )
    with system() as session:
        merge_contacts(anna, ann)
        session.commit()
        for column in references_to(Contact.__table__):
            assert anna not in set(session.connection().scalars(select(column))), column


def test_who_may_and_what_cannot(acme: Any, app: Any, make_client: Callable[..., int], system: Any) -> None:
    _client, ann, anna = acme
    other = make_client("Other", assignees=["alice"])
    with system() as session:
        session.add(Contact(client_id=other, first_name="Zoe"))
        session.commit()
        zoe = session.scalars(select(Contact.id).where(Contact.first_name == "Zoe")).one()
        for pair in ((ann, ann), (ann, zoe)):
            with pytest.raises(RuleError):
                merge_contacts(*pair)
    with app.app_context(), as_user(user("charlie")), pytest.raises(NotFound):
        merge_contacts(ann, anna)
    with app.app_context(), as_user(user("alice")):
        merge_contacts(ann, anna)
        db.session.rollback()


def test_the_client_stays_editable(acme: Any, system: Any) -> None:
    client, ann, anna = acme
    with system() as session:
        version = session.get(Client, client).version
        merge_contacts(anna, ann)
        session.commit()
        assert session.get(Client, client).version == version


def test_a_form_of_a_contact_made_one_meanwhile_is_one_of_the_other(
    acme: Any, sign_in: Callable[..., Any], system: Any
) -> None:
    _client, ann, anna = acme
    alice, url = sign_in("alice"), f"/crm/contacts/edit/{ann}"
    form = opened(alice, url)
    with system() as session:
        merge_contacts(ann, anna)
        session.commit()
    assert alice.get(url).location == f"/crm/contacts/edit/{anna}"
    typed = form.change(mobile="602000111")
    sent = alice.post(url, data=typed)
    assert (sent.status_code, sent.location) == (308, f"/crm/contacts/edit/{anna}")
    assert alice.post(sent.location, data=typed).status_code == 302
    with system() as session:
        contact = session.get(Contact, anna)
        assert (contact.first_name, contact.mobile) == ("Anna", "602000111")
    assert alice.post(f"/crm/contacts/make_primary/{ann}").status_code == 404
