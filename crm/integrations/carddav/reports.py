"""The three questions about an address book: cards by their addresses, cards by a filter, and what has changed."""

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import unquote, urlsplit

from lxml import etree

from crm.integrations.carddav import book, filters, sync
from crm.integrations.carddav.properties import (
    ADDRESS_DATA,
    TOKEN,
    TOKEN_PREFIX,
    Places,
    contents_of,
    of_card,
)
from crm.integrations.carddav.xml import Answers, c, d, element, failed, multistatus, refuse


def answer(report: etree._Element, places: Places, key_id: int) -> Iterable[str]:
    """The answer to a report, in parts. Refuses one that is not known, or asks what we do not have."""
    known: dict[str, Callable[[], Iterable[str]]] = {
        c("addressbook-multiget"): lambda: _by_address(report, places),
        c("addressbook-query"): lambda: _by_filter(report, places),
        d("sync-collection"): lambda: _since(report, places, key_id),
    }
    if report.tag not in known:
        refuse(403, d("supported-report"))
    for data in report.iter(ADDRESS_DATA):
        if (data.get("content-type", "text/vcard"), data.get("version", "3.0")) != ("text/vcard", "3.0"):
            refuse(403, c("supported-address-data"))
    return known[str(report.tag)]()


def _by_address(report: etree._Element, places: Places) -> Iterable[str]:
    addresses = [(one.text or "").strip() for one in report.findall(d("href"))]
    names = {address: places.name_of(unquote(urlsplit(address).path)) for address in addresses}
    wanted = Answers(report)

    def answers() -> Iterator[str]:
        there = set()
        for card in book.cards(names.values()):
            there.add(card.name)
            yield _whole(wanted, places, card)
        for address, name in names.items():
            if name not in there:
                yield failed(address, "404 Not Found")

    return multistatus(answers())


def _by_filter(report: etree._Element, places: Places) -> Iterable[str]:
    tested = report.find(c("filter"))
    if tested is not None:
        filters.check(tested)
    limit, wanted = _limit(report, c), Answers(report)

    def found() -> Iterator[str]:
        listing = book.listing()
        if (tested is None or not len(tested)) and not wanted.wants(ADDRESS_DATA):
            # some ask for no more than what there is
            yield from (
                wanted.of(places.card(name), of_card(places, state)) for name, state in listing.items()
            )
            return
        for card in book.cards(listing):
            if tested is None or filters.passes(card.contents, tested):
                yield _whole(wanted, places, card)

    def answers() -> Iterator[str]:
        for number, answer in enumerate(found()):
            if number == limit:
                yield failed(places.book, "507 Insufficient Storage", d("number-of-matches-within-limits"))
                return
            yield answer

    return multistatus(answers())


def _since(report: etree._Element, places: Places, key_id: int) -> Iterable[str]:
    token = (report.findtext(d("sync-token")) or "").strip()
    before = sync.recall(key_id, token.removeprefix(TOKEN_PREFIX)) if token else {}
    if before is None:
        refuse(403, d("valid-sync-token"))
    found = sync.differences(key_id, before, book.listing(), _limit(report, d))
    wanted = Answers(report)

    def answers() -> Iterator[str]:
        if wanted.wants(ADDRESS_DATA):
            for card in book.cards(found.changed):
                yield _whole(wanted, places, card)
        else:
            for name, state in found.changed.items():
                yield wanted.of(places.card(name), of_card(places, state))
        for name in found.gone:
            yield failed(places.card(name), "404 Not Found")
        if not found.whole:
            yield failed(places.book, "507 Insufficient Storage", d("number-of-matches-within-limits"))

    return multistatus(answers(), element(TOKEN, TOKEN_PREFIX + found.token))


def _whole(wanted: Answers, places: Places, card: book.Card) -> str:
    contents = contents_of(card) if wanted.wants(ADDRESS_DATA) else {}
    return wanted.of(places.card(card.name), {**of_card(places, card.state), **contents})


def _limit(report: etree._Element, space: Callable[[str], str]) -> int | None:
    """How many answers are wanted at most. Refuses with 400 what is no number."""
    said = report.findtext(f"{space('limit')}/{space('nresults')}")
    if said is None:
        return None
    said = said.strip()
    if not (said.isascii() and said.isdigit() and int(said[:9]) > 0):
        refuse(400, d("number-of-matches-within-limits"))
    return int(said[:9])
