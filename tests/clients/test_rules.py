"""What a client needs, what is wrong with it, and what only looks wrong (A2, A3, A4, A6)."""

import pytest
from flask import Flask
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st

from crm.services import markdown
from crm.services.clients import rules as client_rules
from crm.services.iso_lists import COUNTRIES, countries, country_name, currencies, languages


@pytest.fixture(autouse=True)
def _inside(app: Flask) -> None:
    context = app.test_request_context()
    context.push()
    yield
    context.pop()


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({}, {"name", "email"}),
        ({"name": "Acme"}, {"email"}),
        ({"email": "a@b.pl"}, {"name"}),
        ({"last_name": "Nowak", "mobile": "1"}, set()),
        ({"name": "Acme", "phone": "1"}, set()),
        ({"name": "Acme", "phone2": "1"}, {"email"}),
    ],
)
def test_missing(values: dict[str, str], fields: set[str]) -> None:
    assert set(client_rules.missing(values)) == fields


def test_one_message_names_all_three() -> None:
    message = client_rules.missing({"name": "Acme"})["email"]
    assert all(word in message for word in ("e-mail", "phone", "mobile"))


@pytest.mark.parametrize(
    "email", ["a@b", "a b@c.pl", "@c.pl", "a@c..pl", "a@b.pl, c@d.pl", "a@b.pl;c@d.pl", "żółw"]
)
def test_wrong_emails(email: str) -> None:
    assert "email" in client_rules.mistakes({"email": email})


@pytest.mark.parametrize("email", ["a@b.pl", "Jan.Kowalski+x@sub.firma.com.pl", "o'neil@x.ie", "ż@żółw.pl"])
def test_right_emails(email: str) -> None:
    assert client_rules.mistakes({"email": email}) == {}


@pytest.mark.parametrize(
    "phone", ["+48 601 234 567", "(22) 123-45-67", "601234567 wew. 5", "112", "0048 22 1234567"]
)
def test_phones_in_any_spelling(phone: str) -> None:
    assert client_rules.mistakes({"phone": phone}) == {}


def test_words_are_no_phone() -> None:
    assert set(client_rules.mistakes({"phone": "none", "phone2": "??"})) == {"phone", "phone2"}


@pytest.mark.parametrize("website", ["example.com", "https://example.com/a?b#c", "żółw.pl", "x.pl:8080"])
def test_websites(website: str) -> None:
    assert client_rules.mistakes({"website": website}) == {}


@pytest.mark.parametrize("website", ["javascript:alert(1)", "example", "ftp://a.pl", "a b.pl", "me@x.pl"])
def test_no_websites(website: str) -> None:
    assert "website" in client_rules.mistakes({"website": website})


@pytest.mark.parametrize(
    "tax_id",
    ["PL 123-456-32-18", "1234563218", "123 456 32 18", "DE136695976", "NIP: 123-456-32-18", "US 12-3456789"],
)
def test_tax_ids_that_follow_their_rule(tax_id: str) -> None:
    assert client_rules.doubts({"tax_id": tax_id}) == {}


def test_doubts_name_each_number_that_looks_wrong() -> None:
    wrong = {
        "tax_id": "PL1234563219",
        "regon": "123456786",
        "account_number": "PL61109010140000071219812875",
        "pesel": "1",
    }
    assert set(client_rules.doubts({"kind": "person", **wrong})) == set(wrong)
    assert set(client_rules.doubts({"kind": "company", **wrong})) == set(wrong) - {"pesel"}


def test_numbers_that_are_right_raise_no_doubt() -> None:
    right = {
        "regon": "123456785",
        "pesel": "44051401359",
        "account_number": "PL61 1090 1014 0000 0712 1981 2874",
    }
    assert client_rules.doubts({"kind": "person", **right}) == {}


def test_the_country_decides_about_a_bare_tax_id() -> None:
    assert client_rules.doubts({"tax_id": "136695976", "billing_country": "DE"}) == {}
    assert client_rules.doubts({"tax_id": "136695976", "billing_country": "PL"})
    assert client_rules.doubts({"tax_id": "anything", "billing_country": "SB"}) == {}


@given(st.dictionaries(st.sampled_from(["email", "phone", "website", "tax_id", "regon", "pesel", "account_number"]),
                       st.text(max_size=60)))  # fmt: skip
def test_no_text_breaks_a_rule(values: dict[str, str]) -> None:
    client_rules.missing(values)
    client_rules.mistakes(values)
    client_rules.doubts({"kind": "person", **values})


def test_lists_are_named_in_the_users_language() -> None:
    assert len(COUNTRIES) == 249
    assert country_name("PL") == "Poland" and country_name("??") == "??" and country_name(None) == ""
    with force_locale("pl"):
        assert country_name("PL") == "Polska"
        names = [name for _code, name in countries()]
        assert names.index("Łotwa") < names.index("Malta"), "sorted as people look them up"
    assert dict(languages())["pl"] == "Polish"
    assert dict(currencies())["PLN"].startswith("PLN")


def test_markdown_is_rendered_and_harmless() -> None:
    html = markdown.render(
        "**bold** <script>x</script> [a](javascript:x) [b](https://b.pl) ![p](https://c.pl/p.png)"
    )
    assert "<strong>bold</strong>" in html and 'href="https://b.pl"' in html
    assert (
        "<script" not in html and 'javascript:x"' not in html and "<img" not in html and "style=" not in html
    )


@given(st.text(alphabet=st.sampled_from(list("<>\"'=()[]! javscriptonlmgdx:/#*`\n")), max_size=80))
def test_no_markdown_makes_a_script(text: str) -> None:
    html = str(markdown.render(text)).lower()
    assert "<script" not in html and "<img" not in html and 'href="javascript' not in html
