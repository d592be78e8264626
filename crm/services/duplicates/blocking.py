"""The keys by which clients that could be one meet, so that few need to be compared.

A slip of the finger changes some of a client's keys, never all: each is made of parts of the name, and a name
with one wrong letter keeps a part that has none.
"""

from collections.abc import Iterable
from hashlib import blake2b
from itertools import combinations

from crm.services.duplicates.facts import Facts

#: Letters of a word's beginning or end.
PART = 4
#: Digits at the end of a phone number: those that are left when somebody forgets the country.
PHONE_END = 9
CITY_START = 4
#: Of longer names so many words, the longest, make keys.
WORDS = 3


def key_of(kind: str, *parts: str) -> int:
    """The number that stands for a value: of 63 bits, so that every database takes it."""
    text = "\x1f".join((kind, *parts)).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest()) >> 1


def strong_keys(facts: Facts) -> set[int]:
    """The keys of what proves two clients one, spelt exactly."""
    return {key_of(kind, value) for kind, values in facts.strong().items() for value in values}


def keys_of(facts: Facts) -> set[int]:
    """All keys of a client."""
    found = set()
    for kind, values in facts.strong().items():
        for value in values:
            # a tax ID without its country, a phone without its prefix
            found.add(
                key_of(
                    kind, value[2:] if kind == "tax_id" else value[-PHONE_END:] if kind == "phone" else value
                )
            )
    if facts.domain:
        found.add(key_of("domain", facts.domain))
    return found | set(_name_keys(facts))


def _name_keys(facts: Facts) -> Iterable[int]:
    words = facts.tokens
    if not words:
        return
    town = facts.city[:CITY_START]
    yield key_of("name", *sorted(words))
    # Pol-Trans is Poltrans
    yield key_of("name", "".join(words))
    longest = sorted(words, key=lambda word: (-len(word), word))[:WORDS]
    if len(longest) == 1:
        for end in _ends(longest[0]):
            yield key_of("word", end, town)
    elif len(longest) == 2:
        for word, other in (longest, reversed(longest)):
            for end in _ends(word):
                yield key_of("half", end, other[0], town)
    for pair in combinations(longest, 2):
        yield key_of("pair", *sorted(word[:PART] for word in pair), town)


def _ends(word: str) -> set[str]:
    return {f"{word[:PART]}-", f"-{word[-PART:]}"}
