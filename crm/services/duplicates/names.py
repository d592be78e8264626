"""Names as they are compared: folded, without legal forms, whatever the order of words; and how alike two are."""

import re
from functools import lru_cache

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import ratio

from crm.models.folding import fold

#: Legal forms and what else says nothing of whose firm it is, folded and without blanks.
FORM_WORDS = """
    sa sc spj spk spka spzoo spzo spzoospk spzoospj zoo psa spolkacywilna spolkajawna spolkaakcyjna
    spolkakomandytowa spolkakomandytowoakcyjna spolkapartnerska prostaspolkaakcyjna spolkazoo
    spolkazograniczonaodpowiedzialnoscia phu pphu ppuh fhu fh fu pw pph
    firmahandlowouslugowa przedsiebiorstwohandlowouslugowe przedsiebiorstwoprodukcyjnohandlowouslugowe
    gmbh gmbhcokg gmbhundcokg ggmbh ag kg ug ohg ek ev gbr
    bv nv bvba cvba cv vof sprl srl sprlu ssrl sca scrl asbl vzw sarl sas sasu eurl snc
    ltd limited plc llc llp inc incorporated corp corporation
    oy oyj ab aps kft zrt bt sro doo dooel spa sl slu slne lda uab sia ou
"""
FORMS = frozenset(FORM_WORDS.split())
LONGEST_FORM = 6
#: Words between words.
JOINING = frozenset(["i", "and", "und", "et", "en", "y", "e", "oraz"])
WORD = re.compile(r"[^\W_]+", re.UNICODE)
#: Words of up to so many letters are the same or not.
SHORT = 3


@lru_cache(maxsize=20_000)
def tokens(name: str) -> tuple[str, ...]:
    """The words by which a name is known: `Żółty Młyn Sp. z o.o.` gives zolty, mlyn."""
    words = WORD.findall(fold(name))
    kept, place = [], 0
    while place < len(words):
        length = _form_at(words, place)
        if length:
            place += length
        else:
            kept.append(words[place])
            place += 1
    meant = [word for word in kept if word not in JOINING]
    return tuple(meant or kept or words)


def _form_at(words: list[str], place: int) -> int:
    """How many words from here on make a legal form: the most that do."""
    for length in range(min(LONGEST_FORM, len(words) - place), 0, -1):
        if "".join(words[place : place + length]) in FORMS:
            return length
    return 0


def alike(one: str, other: str, least: float) -> float:
    """How alike two words are, 0 to 1; 0 where they are less so than `least`. Numbers are the same or not."""
    if one == other:
        return 1.0
    if min(len(one), len(other)) <= SHORT or not (one.isalpha() and other.isalpha()):
        return 0.0
    found = OSA.normalized_similarity(one, other, score_cutoff=least)
    return found if found >= least else 0.0


def similarity(one: tuple[str, ...], other: tuple[str, ...], least: float = 0.72) -> float:
    """How alike two names are, 0 to 1, by their words in any order.

    least: words less alike than this are different words.
    """
    if not one or not other:
        return 0.0
    if one == other or sorted(one) == sorted(other):
        return 1.0
    if _numbers(one) != _numbers(other):
        return min(_aligned(one, other, least), 0.6)
    together = ratio("".join(one), "".join(other), score_cutoff=92) / 100 if len(one) != len(other) else 0.0
    return max(_aligned(one, other, least), together)


def _numbers(words: tuple[str, ...]) -> set[str]:
    return {word for word in words if not word.isalpha()}


def _aligned(one: tuple[str, ...], other: tuple[str, ...], least: float) -> float:
    """Each word with the one most like it, by their lengths."""
    left, matched = list(other), 0.0
    for word in sorted(one, key=len, reverse=True):
        best, best_at = 0.0, -1
        for place, candidate in enumerate(left):
            if (found := alike(word, candidate, least)) > best:
                best, best_at = found, place
        if best_at >= 0:
            matched += best * (len(word) + len(left.pop(best_at)))
    return matched / (sum(map(len, one)) + sum(map(len, other)))
