"""Which column of a file is which field: by its heading, and where that says nothing, by what stands in it."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from crm.models.folding import fold
from crm.models.identifiers import is_email, tax_id_is_wrong
from crm.registry import RecordType
from crm.services.clients.table import CRM_ID
from crm.services.importing.fields import OF_CONTACT, ImportField, fields_of
from crm.services.importing.known_headings import COMPANY, NOTHING, RECORDS
from crm.services.importing.words import in_words

#: How many of a column's cells must look like something for it to be that.
SHARE = 0.6
PHONE = re.compile(r"\+?[\d ()./-]{9,20}")
#: Columns of address books that say what the one beside them is.
LABEL = re.compile(
    r"(e mail|phone|address|website|relation|event|im|custom field|organization) \d+ (label|type)"
)
MOBILE = ("mobile", "cell", "komor")
#: Who a row is about, at the company that it names: headings, and fields.
FULL_NAMES = (
    "person name",
    "full name",
    "contact name",
    "imie i nazwisko",
    "contact person",
    "osoba kontaktowa",
)
NAMED = ("first_name", "last_name", "position")


def guess(headings: Sequence[str], samples: Sequence[Sequence[str]], record: RecordType) -> dict[int, str]:
    """Number of the column -> name of its field, for the columns that can be told; each field once."""
    fields = fields_of(record)
    folded = [fold_heading(heading) for heading in headings]
    found = _by_own_names(fields, headings, folded)
    known = {field.name for field in fields}
    free = [i for i in range(len(headings)) if i not in found]
    for name, names in RECORDS.get(record.key, {}).items():
        if name in known and name not in found.values():
            match = next((i for word in names for i in free if folded[i] == word), None)
            if match is not None:
                found[match] = name
                free.remove(match)
    if record.key == "client":
        _tell_people_from_companies(found, folded)
    _tell_mobiles(found, folded, samples)
    by_content = [
        i for i in free if not folded[i] or not (folded[i] in NOTHING or LABEL.fullmatch(folded[i]))
    ]
    _by_content(found, by_content, samples, known)
    return {index: name for index, name in sorted(found.items()) if name in known}


def fold_heading(heading: str) -> str:
    """A heading without case, accents, signs and needless blanks."""
    return " ".join(re.sub(r"[^0-9a-z]+", " ", fold(heading)).split())


def _by_own_names(
    fields: Iterable[ImportField], headings: Sequence[str], folded: Sequence[str]
) -> dict[int, str]:
    """The columns that have the names of our own files: labels in any of our languages, keys, names of the API."""
    names: dict[str, str] = {}
    labels: dict[str, str] = {}
    for field in fields:
        names.setdefault(field.name.lower(), field.name)
        if field.definition is not None and not field.name.startswith(OF_CONTACT):
            names.setdefault(field.definition.key, field.name)
        for word in in_words(field.label):
            labels.setdefault(fold_heading(word), field.name)
    labels |= {"uid": "id"} if any(field.label is CRM_ID for field in fields) else {}
    found: dict[int, str] = {}
    for index, heading in enumerate(headings):
        # a column called ID is some other system's
        name = names.get(heading.strip().lower()) if folded[index] != "id" else None
        name = name or labels.get(folded[index])
        if name and folded[index] and name not in found.values():
            found[index] = name
    return found


def _tell_people_from_companies(found: dict[int, str], folded: Sequence[str]) -> None:
    """In a file of people at companies the company is the client, and the people are its contacts."""
    name = next((i for i, field in found.items() if field == "name"), None)
    people = {i: field for i, field in found.items() if field in NAMED}
    named = (i for i, word in enumerate(folded) if word in COMPANY and found.get(i, "name") == "name")
    company = next(named, name)
    if name is None or company is None or folded[company] not in COMPANY:
        return
    full = name if name != company else next((i for i, word in enumerate(folded) if word in FULL_NAMES), None)
    found.pop(name)
    found[company] = "name"
    if people.keys() - {i for i, field in people.items() if field == "position"}:
        full = None
    elif full is not None:
        found[full] = OF_CONTACT + "full_name"
    if full is not None or len(people) > 1:
        for index, field in people.items():
            found[index] = OF_CONTACT + field


def _tell_mobiles(found: dict[int, str], folded: Sequence[str], samples: Sequence[Sequence[str]]) -> None:
    """Address books say beside a number what it is: the first column of mobiles is the mobile."""
    places = {field: i for i, field in found.items()}
    if "phone" not in places or not folded[places["phone"]].endswith(" value"):
        return
    numbered = [i for i, word in enumerate(folded) if re.fullmatch(r"phone \d+ value", word)]
    wanted: dict[str, int | None] = {"phone": None, "mobile": None, "phone2": None}
    rest = []
    for index in numbered:
        said = Counter(fold(row[index - 1]) for row in samples if index and len(row) > index and row[index])
        mobile = sum(n for word, n in said.items() if word.startswith(MOBILE)) * 2 > said.total() > 0
        place = "mobile" if mobile else "phone"
        if wanted[place] is None:
            wanted[place] = index
        else:
            rest.append(index)
    for index in rest:
        free = next((place for place, taken in wanted.items() if taken is None), None)
        if free:
            wanted[free] = index
    for index in numbered:
        found.pop(index, None)
    found |= {index: place for place, index in wanted.items() if index is not None}


def _by_content(
    found: dict[int, str], free: Iterable[int], samples: Sequence[Sequence[str]], known: set[str]
) -> None:
    looks: Mapping[str, Callable[[str], bool]] = {
        "email": is_email,
        "tax_id": lambda text: len(re.sub(r"\D", "", text)) == 10 and not tax_id_is_wrong(text, "PL"),
        "phone": lambda text: PHONE.fullmatch(text) is not None and sum(c.isdigit() for c in text) >= 9,
    }
    for index in free:
        cells = [row[index].strip() for row in samples if index < len(row) and row[index].strip()]
        if len(cells) < 2:
            continue
        for name, like in looks.items():
            if name in known and name not in found.values() and sum(map(like, cells)) >= SHARE * len(cells):
                found[index] = name
                break
