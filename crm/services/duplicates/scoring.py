"""How likely two clients are one, and why. The rules stand in docs/duplicates.md, with how well they do."""

from dataclasses import dataclass

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import ratio

from crm.services.duplicates.facts import Facts
from crm.services.duplicates.names import similarity

#: From so many points of 100 on two clients are likely one.
LIKELY = 70
#: Whoever is typing is told of less likely ones too.
POSSIBLE = 60
#: Names are the same but for spelling; nearly so; or have something in common.
SAME, NEAR, SOMEWHAT = 0.9, 0.8, 0.5
#: How alike two words of people's names must be where name and town alone speak: Marta is not Maria.
STRICT = 0.85
#: Points for what is the same, by how alike the names are: the same or near, somewhat, not at all.
POINTS = {
    "tax_id": (97, 90, 85),
    "regon": (97, 90, 85),
    "pesel": (98, 95, 88),
    "email": (95, 80, 50),
    "phone": (93, 72, 35),
    "domain": (88, 40, 0),
}
#: A family has one phone and one name.
FAMILY = 55
#: Points for the same name: in the same street, in the same town, of unknown place, elsewhere.
NAMESAKES = {"company": (93, 84, 60, 50), "person": (93, 77, 45, 25)}
#: The same for a name that is only near.
NEAR_NAMES = {"company": (80, 72, 0, 0), "person": (76, 0, 0, 0)}
SAME_STREET, SAME_TOWN, UNKNOWN, ELSEWHERE = range(4)


@dataclass(frozen=True)
class Match:
    """score: 0 to 100. reasons: what is the same, of `STRONG`, domain, name and place."""

    score: int
    reasons: tuple[str, ...]


NO_MATCH = Match(0, ())


def compare(one: Facts, other: Facts) -> Match:
    """How likely two clients are one."""
    people = one.kind == other.kind == "person"
    alike = similarity(one.tokens, other.tokens)
    shared = [kind for kind, values in one.strong().items() if values & other.strong().get(kind, frozenset())]
    if one.domain and one.domain == other.domain:
        shared.append("domain")
    column = 0 if alike >= NEAR else 1 if alike >= SOMEWHAT else 2
    points = [
        FAMILY if people and kind == "phone" and column == 1 else POINTS[kind][column] for kind in shared
    ]
    where = place_of(one, other)
    if by_name := _points_of_name(one, other, alike, where, people):
        points.append(by_name if shared else int(by_name * _doubt(one, other, where, people)))
        shared.append("name")
        if where <= SAME_TOWN:
            shared.append("place")
    if not points:
        return NO_MATCH
    points.sort(reverse=True)
    score = points[0] + (100 - points[0]) * sum(points[1:2]) / 200
    return Match(min(100, int(score * _contradiction(one, other))), tuple(shared))


def _points_of_name(one: Facts, other: Facts, alike: float, where: int, people: bool) -> int:
    """What name and place alone say."""
    kind = "person" if people else "company"
    if alike >= SAME and (not people or similarity(one.tokens, other.tokens, STRICT) >= SAME):
        return NAMESAKES[kind][where]
    return NEAR_NAMES[kind][where] if alike >= NEAR else 0


def place_of(one: Facts, other: Facts) -> int:
    """Whether two clients are in the same street or town, or somewhere else."""
    if one.city and other.city:
        town = ratio(one.city, other.city) >= 80
    elif one.postal_code and other.postal_code:
        town = one.postal_code == other.postal_code
    else:
        return UNKNOWN
    if not town and not (one.postal_code and one.postal_code == other.postal_code):
        return ELSEWHERE
    same_street = (
        one.street
        and other.street
        and similarity(tuple(one.street.split()), tuple(other.street.split())) >= NEAR
    )
    return SAME_STREET if same_street else SAME_TOWN


def _doubt(one: Facts, other: Facts, where: int, people: bool) -> float:
    """What other numbers and addresses leave of a likeness that is of name and place only."""
    left = 1.0
    if where == SAME_TOWN and one.street and other.street:
        left *= 0.85 if people else 0.95
    if one.phones and other.phones:
        left *= (0.9 if where == SAME_STREET else 0.6) if people else 0.92
    if one.email and other.email:
        if people:
            left *= 0.95 if where == SAME_STREET else 0.8
        elif one.domain and other.domain:
            left *= 0.8
    return left


def _contradiction(one: Facts, other: Facts) -> float:
    """What different numbers, of which everybody has one, leave of any likeness."""
    left = 1.0
    if one.tax_id and other.tax_id and one.tax_id != other.tax_id and not _is_slip(one, other):
        left *= 0.4
    if one.pesel and other.pesel and one.pesel != other.pesel and OSA.distance(one.pesel, other.pesel) > 1:
        left *= 0.3
    if one.regon and other.regon and one.regon != other.regon and OSA.distance(one.regon, other.regon) > 1:
        left *= 0.5
    return left


def _is_slip(one: Facts, other: Facts) -> bool:
    """Whether two tax IDs differ by a slip of the finger: one of them breaks its rule, or their countries differ."""
    if one.tax_id[2:] == other.tax_id[2:]:
        return True
    if OSA.distance(one.tax_id, other.tax_id) > 2:
        return False
    return one.has_wrong_tax_id() or other.has_wrong_tax_id()
