"""A Polish company looked up in the white list by its NIP, for the form of a client."""

from flask_babel import gettext as _

from crm.integrations.calls import CallLog
from crm.integrations.offers import Company, Found, NoAnswer
from crm.integrations.postal_address import split_address
from crm.integrations.white_list.checking import search
from crm.integrations.white_list.client import Entry, Failed
from crm.integrations.white_list.words import PROBLEMS
from crm.models.identifiers import tax_id_key
from crm.models.types import utc_now
from crm.models.vat_number import read_nip
from crm.services.clients.vat import REGISTERS, WHITE_LIST

LONGEST_NAME = 200


def look_up(tax_id: str, country: str | None) -> Found:
    """What the white list has under a NIP; commits. Raises NoAnswer."""
    if not (key := tax_id_key(tax_id, country)):
        raise NoAnswer(_("Type the NIP first."))
    if not key.startswith("PL"):
        raise NoAnswer(_("The white list knows Polish companies only; this tax ID is of another country."))
    if not (number := read_nip(key)):
        raise NoAnswer(str(PROBLEMS["number"]))
    log = CallLog(WHITE_LIST)
    try:
        said = search([number], log).entries[number]
        if isinstance(said, Failed):
            raise said
    except Failed as failure:
        raise NoAnswer(str(PROBLEMS[failure.kind])) from failure
    finally:
        log.write()
    if said.status == "not_listed":
        raise NoAnswer(_("The white list has no company with the NIP %(nip)s.", nip=number))
    return Found(number, utc_now(), [read_company(said)])


def read_company(entry: Entry) -> Company:
    address = split_address(entry.address, "PL")
    values = {"name": entry.name[:LONGEST_NAME], "regon": entry.regon}
    values |= {f"billing_{part}": value for part, value in address.items()} | {"billing_country": "PL"}
    status, is_active = str(REGISTERS[WHITE_LIST].answers[entry.status]), entry.status == "active"
    return Company(
        name=entry.name,
        place=address.get("city", ""),
        kind=status if is_active else "",
        values={name: value for name, value in values.items() if value},
        warnings=[] if is_active else [status],
    )
