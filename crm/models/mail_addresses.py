"""Lists of mail addresses as people write them: `Anna Nowak <anna@firma.pl>, biuro@firma.pl`."""

import re

from crm.models.identifiers import is_email

MOST = 200
#: Commas, semicolons and line ends part addresses, unless they stand in a quoted name.
PART = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^,;\n"]|")+')
NAMED = re.compile(r"(?P<name>.*?)<(?P<address>[^<>]*)>", re.DOTALL)
PLAIN_NAME = re.compile(r"[\w .'’+&/()\-]*")


class WrongAddress(ValueError):
    """The part of a list that is no mail address."""


def read_addresses(text: str | None) -> list[tuple[str, str]]:
    """(name, address) of each address in a list, once each; the name may be blank. Raises WrongAddress."""
    found: dict[str, tuple[str, str]] = {}
    for part in PART.findall(text or ""):
        if not part.strip():
            continue
        named = NAMED.fullmatch(part.strip())
        name, address = (named["name"], named["address"].strip()) if named else ("", part.strip())
        if not is_email(address):
            raise WrongAddress(part.strip()[:100])
        found.setdefault(address.lower(), (_bare(name), address))
    if len(found) > MOST:
        raise WrongAddress(f"> {MOST}")
    return list(found.values())


def _bare(name: str) -> str:
    """A name without quotes and line breaks."""
    name = " ".join(name.split())
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return "".join(c for c in name if c.isprintable() and c not in '<>"\\').strip()


def write_address(name: str, address: str) -> str:
    """One address with its name, quoted where it must be."""
    if not name:
        return address
    return f"{name} <{address}>" if PLAIN_NAME.fullmatch(name) else f'"{name}" <{address}>'


def in_order(text: str | None) -> str | None:
    """A list of addresses written the one way that is stored; None for none. Raises WrongAddress."""
    return ", ".join(write_address(*one) for one in read_addresses(text)) or None


def people(text: str | None) -> list[str]:
    """How the people of a stored list are called: by name, else by address."""
    try:
        return [name or address for name, address in read_addresses(text)]
    except WrongAddress:
        return [text or ""]
