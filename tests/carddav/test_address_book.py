"""The address book as phones ask for it: finding it, its cards, what changed, what is refused."""

from typing import Any

import pytest
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select

from crm.integrations.carddav import book
from crm.models import CarddavListing, Client, Contact, Tag
from crm.models.types import utc_now
from crm.services.merging.merge import merge
from tests.carddav.conftest import BOOK, NAMES, SPACES, Phone, href, texts


def address(name: str) -> str:
    return f"{BOOK}{name}.vcf"


@pytest.fixture
def people_of(system: Any) -> Any:
    """`people_of(client, "Ewa", phone=…)` adds a contact and gives its id."""

    def add(client_id: int, name: str, **columns: Any) -> int:
        with system() as session:
            contact = Contact(client_id=client_id, first_name=name, **columns)
            session.add(contact)
            session.commit()
            return contact.id

    return add


def test_a_phone_finds_the_book_from_the_name_of_the_server(app: Any, phone: Any) -> None:
    found = app.test_client().open("/.well-known/carddav", method="PROPFIND")
    assert (found.status_code, found.location) == (301, "/crm/carddav/")
    alice = phone("alice")
    root = alice.propfind("<d:current-user-principal/><d:nonsense/>", "/crm/carddav/")
    user = root.findtext(".//d:current-user-principal/d:href", "", NAMES)
    assert root.find(".//d:propstat[2]/d:prop/d:nonsense", NAMES) is not None
    assert "404" in root.findtext(".//d:propstat[2]/d:status", "", NAMES)
    home = alice.propfind("<c:addressbook-home-set/><d:displayname/>", user)
    assert home.findtext(".//c:addressbook-home-set/d:href", "", NAMES) == user
    inside = alice.propfind("<d:resourcetype/><d:sync-token/><s:getctag/>", user, depth=1)
    books = [href(one) for one in inside if one.find(".//d:resourcetype/c:addressbook", NAMES) is not None]
    assert books == [BOOK] and inside.findtext("d:response[2]//d:sync-token", "", NAMES)
    may = alice.propfind("<d:current-user-privilege-set/>").find(".//d:current-user-privilege-set", NAMES)
    assert [one.tag for one in may.findall("d:privilege/*", NAMES)] == [
        "{DAV:}read", "{DAV:}read-current-user-privilege-set",
    ]  # fmt: skip
    for body in ("", f"<d:propfind {SPACES}><d:allprop/></d:propfind>"):
        everything = alice.xml("PROPFIND", body, Depth="1")
        assert everything.findtext(".//d:displayname", "", NAMES) == "CRM clients"
    names = alice.xml("PROPFIND", f"<d:propfind {SPACES}><d:propname/></d:propfind>")
    assert names.find(".//c:supported-address-data", NAMES) is not None
    for url in ("/crm/carddav/", user, BOOK):
        answer = alice("OPTIONS", url)
        assert "addressbook" in answer.headers["DAV"] and "PROPFIND" in answer.headers["Allow"]


@pytest.mark.both_engines
def test_cards_are_what_the_user_sees(
    system: Any, phone: Any, make_client: Any, people_of: Any, count_queries: Any
) -> None:
    acme = make_client("Żółta <Acme> & Co", assignees=["alice"], phone="600 100 200", email="a@acme.example")
    secret = make_client("Secret", assignees=["alice"], phone="600 100 201", sensitive=True)
    gone = [make_client(f"Gone {n}", assignees=["alice"], phone="600 100 202") for n in range(2)]
    foreign = make_client("Foreign", assignees=["charlie"], phone="600 100 203")
    ewa = people_of(acme, "Ewa\x0b", mobile="600 100 204")
    theirs = people_of(foreign, "Theirs", phone="600 100 205")
    hidden = people_of(secret, "Hidden", phone="600 100 206", email="hidden@acme.example")
    people_of(gone[0], "Archived", phone="600 100 207")
    with system() as session:
        session.get(Client, gone[0]).archived_at = session.get(Client, gone[1]).deleted_at = utc_now()
        session.get(Client, acme).tags = [Tag(name="Warsaw", colour="#ffffff")]
        session.commit()
    alice = phone("alice")
    mine = {f"client-{acme}", f"client-{secret}", f"contact-{ewa}", f"contact-{hidden}"}
    assert set(alice.list()) == set(map(address, mine))
    cards = alice.cards()
    assert set(cards) == set(map(address, mine))
    card = cards[address(f"client-{acme}")]
    assert "FN:Żółta <Acme> & Co\r\n" in card and "+48600100200" in card and "VERSION:3.0" in card
    assert "CATEGORIES" not in card
    assert "FN:Ewa\r\n" in cards[address(f"contact-{ewa}")]
    masked = cards[address(f"client-{secret}")] + cards[address(f"contact-{hidden}")]
    assert "FN:Secret" in masked and "TEL" not in masked and "EMAIL" not in masked
    for name in (
        f"client-{foreign}",
        f"contact-{theirs}",
        f"client-{gone[0]}",
        f"client-{gone[1]}",
        "x",
        "client-0",
        "client-999999999999999999",
        "contact-2147483648",
    ):
        assert alice("GET", address(name)).status_code == 404
        assert alice("PROPFIND", address(name)).status_code == 404
        assert alice.cards(address(name)) == {}
    one = alice("GET", address(f"client-{acme}"))
    assert one.text == card and one.content_type == "text/vcard; charset=utf-8"
    assert one.headers["ETag"] == alice.list()[address(f"client-{acme}")]
    assert (
        alice("GET", address(f"client-{acme}"), **{"If-None-Match": one.headers["ETag"]}).status_code == 304
    )
    assert set(phone("charlie").list()) == {address(f"client-{foreign}"), address(f"contact-{theirs}")}
    office = phone("office")
    assert "+48600100201" in office.cards(address(f"client-{secret}"))[address(f"client-{secret}")]
    assert office.list()[address(f"client-{secret}")] != alice.list()[address(f"client-{secret}")]
    assert len(phone("vera").list()) == 6
    counted = []
    for _ in range(2):
        with count_queries() as statements:
            assert office.cards()
        counted.append(len(statements))
        for n in range(10):
            people_of(make_client(f"More {n}", email="m@example.com"), "Ola")
    assert counted[0] == counted[1] <= 15, counted


@pytest.mark.both_engines
def test_a_phone_is_told_what_changed(
    system: Any, phone: Any, make_client: Any, people_of: Any, people: Any
) -> None:
    first, second, third = (
        make_client(f"Client {n}", assignees=["alice"], email="c@example.com") for n in range(3)
    )
    ewa, ola = people_of(first, "Ewa"), people_of(second, "Ola")
    names = [f"client-{first}", f"client-{second}", f"client-{third}", f"contact-{ewa}", f"contact-{ola}"]
    alice, other = phone("alice"), phone("alice")
    # some ask for the cards at once
    assert alice.sync(more="<c:address-data/>") == (set(map(address, names)), set(), True)
    before = alice.token
    assert alice.sync() == (set(), set(), True) and alice.token == before
    paged: set[str] = set()
    for whole in (False, False, True):
        changed, gone, is_all = other.sync(limit=2)
        assert is_all is whole and not gone and not changed & paged
        paged |= changed
    assert paged == set(map(address, names)) and other.token == before

    def change(**columns: Any) -> None:
        with system() as session:
            client = session.get(Client, first)
            for name, value in columns.items():
                setattr(client, name, value)
            session.commit()

    both = {address(f"client-{first}"), address(f"contact-{ewa}")}
    change(name="Renamed")
    assert alice.sync() == (both, set(), True)
    change(archived_at=utc_now())
    assert alice.sync() == (set(), both, True)
    change(archived_at=None)
    assert alice.sync() == (both, set(), True)
    with system() as session:
        merge(second, first)
        session.commit()
    assert alice.sync() == ({address(f"contact-{ola}")}, {address(f"client-{second}")}, True)
    with system() as session:
        session.get(Client, third).assignees = [session.get(User, people["charlie"])]
        session.commit()
    assert alice.sync() == (set(), {address(f"client-{third}")}, True)
    changed, gone, is_all = other.sync()
    assert is_all and gone == {address(f"client-{second}"), address(f"client-{third}")}
    assert other.token == alice.token

    with system() as session:
        kept = session.scalars(select(CarddavListing.token)).all()
    assert 2 <= len(kept) <= 10
    asked = alice.propfind("<d:sync-token/><s:getctag/>")
    assert asked.findtext(".//d:sync-token", "", NAMES) == alice.token
    for token in ("data:,0123", "nonsense", before.replace("data:,", "data:,0")):
        alice.token = token
        body = (
            f"<d:sync-collection {SPACES}><d:sync-token>{token}</d:sync-token><d:prop/></d:sync-collection>"
        )
        refused = alice("REPORT", BOOK, body)
        assert refused.status_code == 403 and "valid-sync-token" in refused.text


@pytest.mark.both_engines
def test_who_sees_too_many_gets_their_own(
    phone: Any, make_client: Any, people_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "MOST_CLIENTS", 2)
    mine = make_client("Mine", assignees=["office"], email="c@example.com")
    foreign = make_client("Alice's", assignees=["alice"], email="c@example.com")
    ewa, ola = people_of(mine, "Ewa"), people_of(foreign, "Ola")
    office = phone("office")
    office.sync()
    assert len(office.list()) == 4
    make_client("Third", assignees=["alice"], email="c@example.com")
    own = {address(f"client-{mine}"), address(f"contact-{ewa}")}
    assert set(office.list()) == own == set(office.cards())
    assert office.sync() == (set(), {address(f"client-{foreign}"), address(f"contact-{ola}")}, True)
    assert (
        office.cards(address(f"contact-{ola}")) == {}
        and office("GET", address(f"contact-{ola}")).status_code == 404
    )
    assert len(phone("alice").list()) == 3


def filtered(*tests: str, how: str = "anyof") -> str:
    return f'<c:filter test="{how}">{"".join(tests)}</c:filter>'


def prop(name: str, inner: str, how: str = "anyof") -> str:
    return f'<c:prop-filter name="{name}" test="{how}">{inner}</c:prop-filter>'


def match(text: str, kind: str = "contains", **more: str) -> str:
    given = "".join(f' {name}="{value}"' for name, value in more.items())
    return f'<c:text-match match-type="{kind}"{given}>{text}</c:text-match>'


def test_cards_are_found_by_a_filter(phone: Any, make_client: Any) -> None:
    wanted = {"phone": "600 100 200", "email": "jan@acme.example"}
    acme = address(f"client-{make_client('Żółta Acme', assignees=['alice'], billing_city='Łódź', **wanted)}")
    blue = address(f"client-{make_client('Blue', assignees=['alice'], mobile='600 300 400')}")
    alice = phone("alice")
    cases = [
        ("", {acme, blue}),
        (filtered(), {acme, blue}),
        (filtered(prop("FN", match("acme"))), {acme}),
        (filtered(prop("FN", match("ŻÓŁTA", "starts-with")), prop("fn", match("lue", "ends-with"))), {acme, blue}),
        (filtered(prop("FN", match("a")), prop("TEL", match("300")), how="allof"), set()),
        (filtered(prop("FN", match("acme", **{"negate-condition": "yes"}))), {blue}),
        (filtered(prop("EMAIL", "<c:is-not-defined/>")), {blue}),
        (filtered(prop("EMAIL", "")), {acme}),
        (filtered(prop("ADR", match("łódź"))), {acme}),
        (filtered(prop("TEL", f'<c:param-filter name="TYPE">{match("cell", "equals")}</c:param-filter>')), {blue}),
        (filtered(prop("TEL", '<c:param-filter name="TYPE"><c:is-not-defined/></c:param-filter>')), set()),
        (filtered(prop("TEL", match("+48600") + match("200", "ends-with"), "allof")), {acme}),
    ]  # fmt: skip
    for tested, found in cases:
        assert set(texts(alice.query(tested))) == found, tested
    limited = alice.query(filtered(), "<c:limit><c:nresults>1</c:nresults></c:limit>")
    assert len(texts(limited)) == 1 and "507" in "".join(limited.itertext())
    for tested, condition in (
        (filtered(prop("FN", match("a", collation="i;octet"))), "supported-collation"),
        (filtered(prop("FN", match("a", "sounds-like"))), "supported-filter"),
        (filtered("<c:time-range/>"), "supported-filter"),
        (filtered(*[prop("FN", "")] * 100), "supported-filter"),
    ):
        body = f"<c:addressbook-query {SPACES}><d:prop/>{tested}</c:addressbook-query>"
        refused = alice("REPORT", BOOK, body)
        assert refused.status_code == 403 and condition in refused.text, tested


def test_what_is_refused(app: Any, system: Any, phone: Any, make_client: Any) -> None:
    acme = address(f"client-{make_client('Acme', assignees=['alice'], email='a@acme.example')}")
    alice = phone("alice")
    for method in ("PUT", "POST", "DELETE", "PROPPATCH", "MKCOL", "MOVE", "COPY", "LOCK"):
        for url in (acme, BOOK):
            assert alice(method, url, "BEGIN:VCARD").status_code == 405, method
    many = "".join(f"<d:p{n}/>" for n in range(101))
    wide = f"<d:propfind {SPACES}><d:prop>{many}</d:prop></d:propfind>"
    assert alice("PROPFIND", BOOK, wide).status_code == 400
    nested = '<!DOCTYPE a [<!ENTITY b "c">]><d:propfind xmlns:d="DAV:">&b;</d:propfind>'
    deep = "<a>" * 5000
    for body in (
        "nonsense",
        "<a>",
        nested,
        deep,
        "<a xmlns:b='b'",
        "\x00",
        "<?xml version='1.0' encoding='x'?><a/>",
    ):
        for method in ("PROPFIND", "REPORT"):
            assert alice(method, BOOK, body).status_code in (400, 403), body[:40]
    assert alice("REPORT", BOOK).status_code == 400
    assert alice("REPORT", BOOK, f"<d:expand-property {SPACES}/>").status_code == 403
    assert alice("PROPFIND", BOOK, Depth="infinity").status_code == 403
    assert alice("PROPFIND", BOOK, Depth="nonsense").status_code == 400
    assert alice("PROPFIND", BOOK, "x" * 5 * 1024**2).status_code == 413
    other = '<c:address-data content-type="text/vcard" version="4.0"/>'
    body = f"<c:addressbook-multiget {SPACES}><d:prop>{other}</d:prop></c:addressbook-multiget>"
    assert "supported-address-data" in alice("REPORT", BOOK, body).text
    for limit in ("0", "x", "²"):
        limited = f"<d:limit><d:nresults>{limit}</d:nresults></d:limit>"
        body = f"<d:sync-collection {SPACES}><d:sync-token/>{limited}<d:prop/></d:sync-collection>"
        assert alice("REPORT", BOOK, body).status_code == 400

    assert [phone("alice", scopes).list() for scopes in (None, "read", "carddav:read")] == [alice.list()] * 3
    for scopes in ("clients:read", "notes:write"):
        assert phone("alice", scopes)("PROPFIND").status_code == 403
    wrong = (("alice", "demo"), ("alice", ""), ("alice", "crm_x"), ("bob", alice.key), ("", alice.key))
    strangers = [Phone(app, name, key) for name, key in wrong]
    for stranger in strangers:
        refused = stranger("PROPFIND")
        assert refused.status_code == 401 and refused.headers["WWW-Authenticate"].startswith("Basic ")
    browser = app.test_client()
    browser.post("/login/", data={"username": "alice", "password": "demo"})
    assert browser.open(BOOK, method="PROPFIND").status_code == 401
    assert browser.get(acme).status_code == 401
    assert phone("alice").list()
    with system() as session:
        session.scalars(select(User).where(User.username == "alice")).one().active = False
        session.commit()
    assert alice("PROPFIND").status_code == 401


def test_a_phone_in_a_hurry_is_told_to_wait(make_app: Any, phone: Any) -> None:
    hurried = phone("alice", of=make_app(RATELIMIT_ENABLED=True, CRM_API_CALLS=3))
    answers = [hurried("PROPFIND") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [207, 207, 207, 503]
    assert 0 < int(answers[3].headers["Retry-After"]) <= 60
