"""What is known of the four kinds of resources: the root, the user, the address book, and its cards."""

from collections.abc import Mapping
from dataclasses import dataclass

from crm.integrations.carddav.book import Card
from crm.integrations.carddav.filters import COLLATIONS
from crm.integrations.carddav.xml import SERVER, c, d, element, escaped, href

CARD_TYPE = "text/vcard; charset=utf-8"
REPORTS = (c("addressbook-multiget"), c("addressbook-query"), d("sync-collection"))
ADDRESS_DATA = c("address-data")
STATE, CONTENT_TYPE = d("getetag"), d("getcontenttype")
TOKEN, CTAG = d("sync-token"), f"{{{SERVER}}}getctag"
#: A token is the address of nothing.
TOKEN_PREFIX = "data:,"
READS = "".join(
    element(d("privilege"), element(d(name))) for name in ("read", "read-current-user-privilege-set")
)


@dataclass(frozen=True)
class Places:
    """Where the resources stand: paths, those of collections with a slash at their end."""

    root: str
    user: str
    book: str

    def card(self, name: str) -> str:
        return f"{self.book}{name}.vcf"

    def name_of(self, path: str) -> str:
        """The name of the card at a path; blank for a path elsewhere."""
        inside = path.removeprefix(self.book) if path.startswith(self.book) else ""
        return inside.removesuffix(".vcf") if inside.endswith(".vcf") else ""


def of_root(places: Places) -> dict[str, str]:
    return {**_common(places), d("resourcetype"): element(d("collection"))}


def of_user(places: Places, name: str) -> dict[str, str]:
    """The user, at the same time what all their address books stand in."""
    return {
        **_common(places),
        d("resourcetype"): element(d("collection")) + element(d("principal")),
        d("displayname"): escaped(name),
        d("principal-URL"): href(places.user),
        c("addressbook-home-set"): href(places.user),
    }


def of_book(places: Places, title: str) -> dict[str, str]:
    """The address book, but for what says which state it is in."""
    return {
        **_common(places),
        d("resourcetype"): element(d("collection")) + element(c("addressbook")),
        d("displayname"): escaped(title),
        d("owner"): href(places.user),
        d("supported-report-set"): "".join(
            element(d("supported-report"), element(d("report"), element(name))) for name in REPORTS
        ),
        c("supported-address-data"): element(
            c("address-data-type"), content_type="text/vcard", version="3.0"
        ),
        c("supported-collation-set"): "".join(
            element(c("supported-collation"), name) for name in COLLATIONS if name.startswith("i;")
        ),
    }


def state_of_book(token: str) -> dict[str, str]:
    """The two names that one and the same state of the book goes by."""
    return {TOKEN: TOKEN_PREFIX + token, CTAG: f'"{token}"'}


def of_card(places: Places, state: str) -> dict[str, str]:
    """A card, but for its contents."""
    return {**_common(places), d("resourcetype"): "", STATE: f'"{state}"', CONTENT_TYPE: CARD_TYPE}


def contents_of(card: Card) -> Mapping[str, str]:
    """What stands on a card."""
    return {ADDRESS_DATA: escaped(card.text)}


def _common(places: Places) -> dict[str, str]:
    return {d("current-user-principal"): href(places.user), d("current-user-privilege-set"): READS}
