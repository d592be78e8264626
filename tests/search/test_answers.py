"""The same answers on SQLite and PostgreSQL: beginnings of words, case, accents, numbers in any spelling, contacts."""

import random
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from crm.models import Client, ClientExternalId, Contact, SearchEntry
from crm.registry import registry
from crm.services.clients.filters import filtered
from crm.services.clients.listing import via_contacts
from crm.services.search.entries import is_match, matches
from crm.services.search.finding import find

pytestmark = pytest.mark.both_engines

MILL, RIVER, STONE, SMITH = (
    "Żółty Młyn sp. z o.o.",
    "Bøgeskov & Søn A/S",
    "Straße-Stein GmbH",
    "O'Brien-Nowak",
)

#: What is typed -> the clients found.
ANSWERS = {
    # beginnings of words, in any order, and no other parts of them
    "zol": [MILL], "mly zol": [MILL], "MLYN": [MILL], "olty": [], "zolty river": [],
    # case and accents, and letters that no tokenizer folds
    "żółty": [MILL], "ŻÓŁTY MŁYN": [MILL], "bogeskov": [RIVER], "BØGESKOV": [RIVER], "son": [RIVER],
    "strasse": [STONE], "Straße": [STONE], "STRASSE": [STONE], "lecka": [RIVER], "Łęcka": [RIVER],
    # words with signs in them, whole, in parts and apart
    "o'brien": [SMITH], "brien": [SMITH], "O’Brien": [SMITH], "brien nowak": [SMITH], "strasse stein": [STONE],
    "stein-strasse": [STONE], "sp.z": [MILL], "nowak,o'brien": [SMITH], "(mlyn)": [MILL], "A/S": [RIVER],
    "bogeskov&son": [RIVER],
    # addresses of mail and web
    "biuro@mlyn": [MILL], "BIURO@MLYN.EXAMPLE": [MILL], "mlyn.example": [MILL], "ewa@": [STONE], "biuro@stone": [],
    # phones in any spelling, whole and their ends
    "+48 22 555 12 34": [MILL], "(22) 555-12-34": [MILL], "0048225551234": [MILL], "022 555 12 34": [MILL],
    "22.555.12.34": [MILL], "5551234": [MILL], "51234": [MILL], "601 202": [STONE], "601-202-303": [STONE],
    "+45 32 12 34 56": [RIVER], "0045 32123456": [RIVER],
    # tax IDs, other numbers, external IDs, short names
    "5261040828": [MILL], "526-104-08-28": [MILL], "PL 526 104 08 28": [MILL], "pl5261040828": [MILL],
    "SHOP-778": [RIVER], "shop": [RIVER], "778": [RIVER], "ZM": [MILL], "zm mlyn": [MILL],
    # by contacts
    "ewa wasik": [STONE], "WĄSIK": [STONE], "wasik ewa": [STONE], "CRM-E-9": [STONE],
    # nothing, and nonsense
    "nobody": [], '"': [], "*": [], "mlyn*": [MILL], "' OR 1=1": [], "NOT zolty": [], "zolty AND mlyn": [],
    "\\": [], "%": [], "_": [],
}  # fmt: skip
#: What is typed -> the contact by whom alone the client was found.
VIA = {
    "ewa": "Ewa Wąsik",
    "601202303": "Ewa Wąsik",
    "lecka": "Anna Łęcka",
    "crm-e": "Ewa Wąsik",
    "straße": None,
}


@pytest.fixture
def there(make_client: Any, system: Any) -> dict[str, int]:
    """The clients, by name."""
    made = {
        MILL: make_client(MILL, short_name="ZM", email="biuro@mlyn.example", phone="+48 22 555 12 34",
                          tax_id="526-104-08-28", billing_country="PL"),
        RIVER: make_client(RIVER, phone="32 12 34 56", billing_country="DK"),
        STONE: make_client(STONE, billing_country="DE"),
        SMITH: make_client(SMITH, kind="person"),
    }  # fmt: skip
    with system() as session:
        session.add(ClientExternalId(client_id=made[RIVER], app_code="shop", external_id="SHOP-778"))
        session.add(Contact(client_id=made[RIVER], first_name="Anna", last_name="Łęcka"))
        ewa = Contact(client_id=made[STONE], first_name="Ewa", last_name="Wąsik", mobile="+48 601 202 303",
                      email="ewa@contact.example")  # fmt: skip
        session.add(ewa)
        session.flush()
        ewa.external_ids = [type(ewa).external_ids.property.mapper.class_(external_id="CRM-E-9")]
        session.commit()
    return made


def test_each_answer(there: dict[str, int], system: Any) -> None:
    with system() as session:
        groups = [registry()["client"], registry()["contact"]]
        for typed, expected in ANSWERS.items():
            args = MultiDict({"search": typed})
            listed = list(
                session.scalars(filtered(args).order_by(Client.name_key).with_only_columns(Client.name))
            )
            assert sorted(listed) == sorted(expected), typed
            everywhere = {
                hit.client.name for group in find(typed, groups) for hit in group.hits if hit.client
            }
            assert everywhere == set(expected), typed
        for typed, name in VIA.items():
            args = MultiDict({"search": typed})
            rows = list(session.scalars(filtered(args)))
            assert [v for names in via_contacts(args, rows).values() for v in names] == (
                [name] if name else []
            ), typed


def test_the_database_finds_what_the_words_say(there: dict[str, int], system: Any) -> None:
    """Words and queries by chance: the index of either database answers as a comparison in plain Python does."""
    chance = random.Random(7)
    letters = "abżłøß19.-'@&+/, "

    def some(longest: int) -> str:
        return "".join(chance.choice(letters) for _ in range(chance.randint(1, longest)))

    with system() as session:
        for number in range(120):
            session.add(
                Client(name=f"{some(12)} {some(6)}".strip() or "x", short_name=some(8), notes=str(number))
            )
        session.commit()
        entries = list(session.scalars(select(SearchEntry).where(SearchEntry.table_name == "client")))
        pieces = [word for entry in entries for word in entry.words.split()]
        typed = [some(5) for _ in range(80)]
        typed += [
            " ".join(chance.choice(pieces)[: chance.randint(1, 6)] for _ in range(2)) for _ in range(60)
        ]
        for query in typed:
            asked = select(SearchEntry.id).where(SearchEntry.table_name == "client", matches(query))
            assert set(session.scalars(asked)) == {one.id for one in entries if is_match(one, query)}, query
