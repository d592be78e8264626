"""A company of the EU looked up by its VAT number, for the form of a client."""

from flask_babel import gettext as _

from crm.extensions import db
from crm.integrations.calls import CallLog
from crm.integrations.offers import Company, Found, NoAnswer
from crm.integrations.postal_address import split_address
from crm.integrations.vies.checking import connect
from crm.integrations.vies.client import Answer, Failed
from crm.integrations.vies.words import PROBLEMS
from crm.models.identifiers import tax_id_key
from crm.models.types import utc_now
from crm.models.vat_number import VatNumber, read_number
from crm.services.clients.vat import VIES

#: Where a number's country is written otherwise in addresses.
COUNTRIES = {"EL": "GR", "XI": "GB"}
LONGEST_NAME = 200


def look_up(tax_id: str, country: str | None) -> Found:
    """What VIES has under a VAT number; commits. Raises NoAnswer."""
    if not (key := tax_id_key(tax_id, country)):
        raise NoAnswer(_("Type the VAT number first."))
    if not (number := read_number(key)):
        raise NoAnswer(str(PROBLEMS["number"]))
    log = CallLog(VIES)
    vies = connect(log)
    db.session.rollback()  # no lock is held while somebody else is waited for
    try:
        answer = vies.check(number)
    except Failed as failure:
        raise NoAnswer(str(PROBLEMS[failure.kind])) from failure
    finally:
        log.write()
    if not answer.is_valid:
        raise NoAnswer(_("VIES says that %(number)s is no valid VAT number.", number=number))
    return Found(str(number), utc_now(), [read_company(answer, number)])


def read_company(answer: Answer, number: VatNumber) -> Company:
    """What VIES tells as the fields of a client: of many countries nothing but that the number is valid."""
    country = COUNTRIES.get(number.country, number.country)
    address = split_address(answer.address, country)
    values = {"name": answer.name[:LONGEST_NAME]}
    values |= {f"billing_{part}": value for part, value in address.items()}
    if answer.name or address:
        values["billing_country"] = country
    return Company(
        name=answer.name or str(number),
        place=address.get("city", ""),
        kind=_("Valid VAT number"),
        values={name: value for name, value in values.items() if value},
        warnings=[] if answer.name else [_("This country tells no names and addresses.")],
    )
