"""`null` clears: nothing where there may be nothing, else what a new record begins with, else a word at the field."""

from typing import Any

import pytest

from crm.models import AttributeDefinition, AttributeOption, Status
from crm.records import RECORDS
from crm.services.clients.as_json import TOLD
from tests.test_every_record import make_row, two

__all__ = ["make_row", "two"]

#: What their own rules say more of than that they may be empty, and what never changes.
STRICTER = {
    "contact": {"is_primary"}, "invoice": {"number", "issue_date"}, "email": {"to"}, "vat_rate": {"rate"},
    "number_series": {"reset"},
}  # fmt: skip
#: What is made of the rest, or is now, where nothing is said.
FOLLOWING = {
    "task": {"title"}, "event": {"end"}, "sale": {"date", "currency", "status"}, "invoice": {"currency"},
    "status": {"code"}, "email": {"at"}, "call": {"started_at"}, "chat": {"started_at"}, "transaction": {"day"},
    "vat_rate": {"position"},
}  # fmt: skip


def other_value(schema: dict[str, Any], value: Any) -> Any:
    """A value that a field has not got."""
    if isinstance(value, bool):
        return not value
    return next((one for one in schema.get("enum", ()) if one not in (value, None)), value)


def test_every_field_of_every_record(api: Any, two: Any, make_row: Any) -> None:
    admin = api("admin")
    schemas = admin.get("/api/v1/_openapi").json["components"]["schemas"]
    for record in RECORDS:
        if "edit" not in record.actions or record.key == "client":
            continue
        url = f"/api/v1/{record.url_name}/{make_row(record, *two)}"
        row = admin.get(url).json["result"]
        for name, schema in schemas[f"{record.model.__name__}Changes"]["properties"].items():
            if (other := other_value(schema, row[name])) != row[name]:
                admin.put(url, {name: other})
            answer, column = admin.put(url, {name: None}), record.mapper.columns.get(name)
            where = (record.key, name, answer.text)
            if name in FOLLOWING.get(record.key, ()):
                assert answer.status_code == 200 and answer.json["result"][name], where
            elif name == "version":
                assert answer.status_code == 200, where
            elif name in STRICTER.get(record.key, ()) or not schema.get("nullable"):
                assert answer.status_code == 422, where
                assert name in answer.json["errors"] or name == "reset", where
            else:
                assert answer.status_code == 200, where
                default = column is not None and not column.nullable and column.default.arg
                assert answer.json["result"][name] in ((default,) if default else (None, [], "", 0)), where
                if row[name]:
                    admin.put(url, {name: row[name]})


WRITTEN = {
    "kind": "person", "first_name": "Ann", "last_name": "Acme", "short_name": "A", "position": "Boss",
    "phone": "+32 9 000 00 00", "mobile": "+32 9 000 00 01", "phone2": "+32 9 000 00 02", "website": "a.example",
    "domain": "a.example", "tax_id": "BE0400000000", "regon": "1", "pesel": "1", "peppol_id": "0208:0400000000",
    "language": "nl", "stars": 3, "is_buyer": True, "is_supplier": True, "is_workshop": True, "consent": "yes",
    "notes": "x", "description": "x", "use_delivery": True, "bank": "x", "account_number": "1",
    "billing_amount": 12.5, "payment_period": 14, "discount": 5, "sensitive": True, "currency": "EUR",
    "billing": {"street": "Long 1", "city": "Ghent", "country": "BE"}, "delivery": {"city": "Ghent"},
    "status": "lost", "tags": "web, new", "assignees": ["alice", "bob"], "archived": True, "size": 7,
    "metals": ["Gold"], "fragile": True, "since": "2026-01-02", "external_id": "1",
}  # fmt: skip
#: Written beside the rest, or kept by the CRM: what a client is called by and reached at, and whose ID it is.
LEFT = {*TOLD, "id", "version", "created_at", "changed_at", "name", "email", "app_code", "external_id"}


@pytest.mark.both_engines
@pytest.mark.parametrize("by", ["upsert", "rest"])
def test_every_field_of_a_client(api: Any, system: Any, by: str) -> None:
    admin, found = api("admin"), []
    with system() as session:
        metals = AttributeDefinition(label="Metals", key="metals", type="words")
        metals.options = [AttributeOption(label="Gold")]
        others = {"size": "integer", "fragile": "yes_no", "since": "date"}
        session.add_all([metals, *(AttributeDefinition(label=k, key=k, type=t) for k, t in others.items())])
        session.add(Status(name="Lost", code="lost"))
        session.commit()

    def write(fields: dict[str, Any]) -> dict[str, Any]:
        if by == "upsert":
            fields = {name: value for name, value in fields.items() if name != "external_id"}
            answer = admin.post("/crm/clients/upsert.json", {"external_id": "1", "client": fields})
        else:
            answer = admin("PUT" if found else "POST", f"/api/v1/clients/{found[0] if found else ''}", fields)
        assert answer.status_code in (200, 201), answer.text
        found.append(answer.json["id"])
        return answer.json["client" if by == "upsert" else "result"]

    bare = write({"name": "Acme", "email": "a@b.example", "status": None})
    full = write({**WRITTEN, "name": "Acme", "email": "a@b.example"})
    every = bare.keys() - LEFT
    assert not [name for name in every if full[name] == bare[name]]
    cleared = write(dict.fromkeys([*every, *({"external_id"} if by == "rest" else ())]))
    assert {n: cleared[n] for n in every} == {n: bare[n] for n in every}
    assert cleared["external_id"] == bare["external_id"]
    # one at a time as well, which leaves the rest
    write({**WRITTEN, "name": "Acme", "email": "a@b.example"})
    for name in sorted(every - {"kind", "domain"}):
        assert write({name: None})[name] == bare[name], name
    # what follows from the rest
    assert write({"first_name": "Ann", "kind": None})["kind"] == "person"
    if by == "upsert":
        assert write({"name": None, "first_name": None})["name"] == "a@b.example"
    else:
        refused = admin.put(f"/api/v1/clients/{found[0]}", {"name": None, "email": None, "first_name": None})
        assert refused.status_code == 422 and set(refused.json["errors"]) == {"name", "email"}


@pytest.mark.both_engines
def test_lines_and_what_a_new_record_is_sent(api: Any, make_client: Any) -> None:
    admin, acme = api("admin"), make_client("Acme")
    line = {"description": "Ring", "price": 10, "vat_rate": "23", "quantity": 2, "unit": "pc", "discount": 5}
    sent = {"kind": "order", "client": acme, "lines": [line], "date": None, "currency": None, "status": None}
    sale = admin.post("/api/v1/sales/", sent).json["result"]
    assert sale["date"] and sale["status"] == "open" and sale["currency"] and len(sale["lines"]) == 1
    kept = {"id": sale["lines"][0]["id"], **dict.fromkeys(("unit", "discount", "quantity", "product"))}
    changed = admin.put(f"/api/v1/sales/{sale['id']}", {"lines": [kept]}).json["result"]["lines"][0]
    assert (changed["unit"], changed["discount"], changed["quantity"], changed["price"]) == (
        None,
        None,
        1,
        10,
    )
    for name in ("description", "price", "vat_rate"):
        refused = admin.put(f"/api/v1/sales/{sale['id']}", {"lines": [{"id": kept["id"], name: None}]})
        assert refused.status_code == 422 and list(refused.json["errors"]) == ["lines"], refused.text
    assert admin.put(f"/api/v1/sales/{sale['id']}", {"lines": None}).json["result"]["lines"] == []
    hours = {"start": "2026-11-02T09:00:00Z", "end": "2026-11-02T10:00:00Z", "user": None, "billable": None}
    assert admin.post("/api/v1/work-times/", hours).json["result"]["user"] == "admin"
    # what others decide may be sent as it is, and as it begins
    alice = api("alice")
    for day, value in (("2026-11-03", None), ("2026-11-04", False)):
        hours = {"start": f"{day}T09:00:00Z", "end": f"{day}T10:00:00Z", "approved": value}
        own = alice.post("/api/v1/work-times/", hours)
        assert own.status_code == 201, own.text
        assert alice.put(f"/api/v1/work-times/{own.json['id']}", {"approved": value}).status_code == 200
    assert alice.put(f"/api/v1/work-times/{own.json['id']}", {"approved": True}).status_code == 422
