"""Filters by attributes on the pages: what the panel asks, chips, the total, and nothing of what is sensitive."""

import html
import re
from typing import Any

from crm.models import AttributeDefinition, AttributeOption, AttributeValue, Contact
from tests.clients.test_list import rows


def test_panel_chips_and_total(make_client: Any, system: Any, sign_in: Any) -> None:
    first, second = (make_client(name, assignees=["alice"]) for name in ("Acme", "Beta"))
    with system() as session:
        metal = AttributeDefinition(
            label="Metal", key="metal", type="word", options=[AttributeOption(label="Gold")]
        )
        size = AttributeDefinition(label="Size", key="size", type="integer")
        card = AttributeDefinition(label="Card", key="card", type="text", sensitive=True)
        day = AttributeDefinition(label="Day", key="day", type="date", applies_to="contact")
        session.add_all([metal, size, card, day])
        session.flush()
        session.add(AttributeValue(client_id=first, definition=metal, option=metal.options[0]))
        session.add(AttributeValue(client_id=first, definition=size, integer=50))
        session.add(AttributeValue(client_id=second, definition=size, integer=60))
        session.add(Contact(client_id=first, first_name="Ewa"))
        session.commit()
    alice, office = sign_in("alice"), sign_in("office")
    panel = alice.get("/crm/clients/filters/list?attr.size.from=55").text
    assert 'name="attr.metal"' in panel and 'name="attr.size.from" value="55"' in panel
    assert 'name="attr.size"' not in panel, "from and to say it"
    assert "card" not in panel and 'name="attr.card"' in office.get("/crm/clients/filters/list").text
    assert 'name="attr.card.contains"' not in office.get("/crm/clients/filters/list").text
    query = "attr.size.from=45&attr.metal=Gold&attr.day.set=no&page=1"
    assert "no filter “attr.day.set”" in alice.get(f"/crm/clients/list/?{query}").text
    for path in ("list", "kanban"):
        page = html.unescape(alice.get(f"/crm/clients/{path}/?attr.size.from=45&attr.metal=Gold").text)
        chips = dict(re.findall(r'crm-chip">([^<]*?)\s*<a href="([^"]*)"', page))
        assert list(chips) == ["Size from: 45", "Metal: Gold"]
        assert chips["Metal: Gold"] == f"/crm/clients/{path}/?attr.size.from=45"
        assert (
            f"/crm/clients/{'kanban' if path == 'list' else 'list'}/?attr.metal=Gold&attr.size.from=45"
            in page
        )
    assert rows(alice.get("/crm/clients/list/?attr.size.from=45&attr.metal=Gold").text) == ["Acme"]
    assert alice.get("/crm/clients/total?attr.size.from=55").text == "1 client"
    assert alice.get("/crm/clients/total?attr.card=x").status_code == 400
    # whoever may not see them learns nothing of what is asked, not even that there is such an attribute
    for key in ("card", "nothing"):
        assert rows(alice.get(f"/crm/clients/list/?attr.{key}=x").text) == []
        assert alice.get(f"/crm/clients/attribute_filter/{key}").status_code == 404
    assert 'name="attr.metal"' in alice.get("/crm/clients/attribute_filter/metal?attr.metal=Gold").text
    panel = alice.get("/crm/contacts/attribute_filters?search=ewa&attr.day.to=2026-02-03").text
    assert 'name="attr.day.to" value="2026-02-03"' in panel and 'name="search" value="ewa"' in panel
    page = alice.get("/crm/contacts/list/?attr.day.to=2026-02-03&attr.day.set=no").text
    assert "Day to: 3 Feb 2026" in page and "Day is set: No" in page and "Nothing matches" in page


def test_of_many_attributes_one_is_picked(system: Any, sign_in: Any) -> None:
    with system() as session:
        session.add_all(
            AttributeDefinition(label=f"Size {n}", key=f"size_{n}", type="text", group="G") for n in range(9)
        )
        session.commit()
    panel = sign_in("alice").get("/crm/clients/filters/list?attr.size_3.contains=x").text
    assert re.findall(r'name="attr\.(\w+)\.contains"', panel) == ["size_3"]
    assert panel.count('<option value="size_') == 8 and '<optgroup label="G">' in panel
