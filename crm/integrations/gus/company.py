"""A row of GUS's answer as the fields of a client."""

import re

from flask_babel import gettext as _

from crm.integrations.offers import Company

#: Legal persons before trades, trades before farms, what was struck off last; local units after all of them.
ORDER = ("6", "1", "3", "2", "4")
LONGEST_NAME = 200


def read_companies(rows: list[dict[str, str]]) -> list[Company]:
    """What is under one NIP, the likeliest first."""
    return [read_company(row) for row in sorted(rows, key=_rank)]


def read_company(row: dict[str, str]) -> Company:
    values = {
        "name": row.get("Nazwa", "")[:LONGEST_NAME],
        "regon": row.get("Regon", ""),
        "billing_street": street(row),
        "billing_postal_code": postal_code(row.get("KodPocztowy", "")),
        "billing_city": city(row),
        "billing_region": row.get("Wojewodztwo", "").lower(),
        "billing_country": "PL",
    }
    return Company(
        name=row.get("Nazwa", ""),
        place=row.get("Miejscowosc", ""),
        kind=kind(row),
        values={name: value for name, value in values.items() if value},
        warnings=warnings(row),
    )


def street(row: dict[str, str]) -> str:
    """Street, house and flat; where there are no streets, the village stands for one."""
    number = "/".join(part for part in (row.get("NrNieruchomosci", ""), row.get("NrLokalu", "")) if part)
    road = row.get("Ulica") or row.get("Miejscowosc", "")
    return f"{road} {number}".strip() if number or row.get("Ulica") else ""


def city(row: dict[str, str]) -> str:
    """The town; of a village without streets the town of its post office."""
    return (not row.get("Ulica") and row.get("MiejscowoscPoczty")) or row.get("Miejscowosc", "")


def postal_code(code: str) -> str:
    """A Polish postal code, its dash put in where GUS leaves it out."""
    return f"{code[:2]}-{code[2:]}" if re.fullmatch(r"[0-9]{5}", code) else code


def kind(row: dict[str, str]) -> str:
    """What kind of entry it is, in words."""
    if row.get("Typ") in ("LP", "LF"):
        return _("Local unit")
    if row.get("Typ") == "P":
        return _("Legal person")
    words = {"1": _("Sole trader"), "2": _("Farm"), "4": _("Struck off before November 2014")}
    return words.get(row.get("SilosID", ""), _("Other trade"))


def warnings(row: dict[str, str]) -> list[str]:
    found = []
    if day := row.get("DataZakonczeniaDzialalnosci"):
        found.append(_("Wound up on %(day)s.", day=day))
    if state := row.get("StatusNip"):
        found.append(_("GUS says of this NIP: %(state)s.", state=state))
    return found


def _rank(row: dict[str, str]) -> tuple[bool, bool, bool, int]:
    silo = row.get("SilosID", "")
    return (
        row.get("Typ") not in ("P", "F"),
        bool(row.get("DataZakonczeniaDzialalnosci")),
        len(row.get("Regon", "")) != 9,
        ORDER.index(silo) if silo in ORDER else len(ORDER),
    )
