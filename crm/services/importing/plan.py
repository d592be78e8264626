"""How the rows of a file become records: which column is what, what a record is known by, what all rows get."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l

from crm.registry import RecordType, registry

CREATE, UPDATE, SKIP = "create", "update", "skip"
STRATEGIES = {
    UPDATE: _l("Update the record that is there"),
    SKIP: _l("Skip the row"),
    CREATE: _l("Add it all the same"),
}

#: Record type -> what its records are known by: key -> words, in the order in which they are tried.
KEYS: dict[str, dict[str, Any]] = {
    "client": {
        "id": _l("Number"), "external_id": _l("External ID"), "tax_id": _l("Tax ID"), "email": _l("E-mail"),
        "phone": _l("Phone"),
    },
    "contact": {
        "id": _l("Number"), "external_id": _l("External ID"), "email": _l("E-mail"), "phone": _l("Phone"),
    },
    "product": {"id": _l("Number"), "sku": _l("SKU"), "name": _l("Name")},
    "deal": {"id": _l("Number"), "title": _l("Client and title")},
    "note": {"id": _l("Number"), "text": _l("Client and text")},
    "task": {"id": _l("Number"), "title": _l("Client and title")},
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What was chosen for an import.

    mapping: column -> field. keys: by what records are found, tried in this order. app_code: whose the external IDs
    are that stand alone. presets: JSON name -> what each row gets where the file says nothing; tags are added.
    replace_tags: the file's tags instead of those that a record has. clear: empty cells clear what is there.
    """

    record: RecordType
    mapping: Mapping[int, str]
    strategy: str = UPDATE
    keys: tuple[str, ...] = ()
    app_code: str = ""
    presets: Mapping[str, Any] = field(default_factory=dict)
    replace_tags: bool = False
    clear: bool = False

    @classmethod
    def of_json(cls, record_key: str, data: Mapping[str, Any]) -> "Plan":
        """The plan that was kept as JSON."""
        keys = tuple(data.get("keys") or KEYS[record_key])
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        mapping = {int(column): name for column, name in data.get("mapping", {}).items()}
        return cls(**{**known, "record": registry()[record_key], "mapping": mapping, "keys": keys})

    def as_json(self) -> dict[str, Any]:
        return {
            "mapping": {str(column): name for column, name in self.mapping.items()},
            "strategy": self.strategy, "keys": list(self.keys), "app_code": self.app_code,
            "presets": dict(self.presets), "replace_tags": self.replace_tags, "clear": self.clear,
        }  # fmt: skip
