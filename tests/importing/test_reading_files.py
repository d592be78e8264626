"""Files as people have them become headings and rows: whatever the encoding, the separator, the program."""

import io
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook

from crm.errors import RuleError
from crm.services.importing.source import Source, open_source

POLISH = "Imię;Nazwisko;Miejscowość\nŻaneta;Śliwa;Łódź\nJan;Źródło;Gdańsk\n"
WESTERN = "Name,City\nCrème brûlée,Liège\nMüller Gläser,Köln\n"


@pytest.fixture(autouse=True)
def _in_app(prepared: Any) -> Any:
    with prepared("sqlite").app.test_request_context():
        yield


def source(content: str | bytes, name: str = "clients.csv", **options: Any) -> Source:
    content = content.encode() if isinstance(content, str) else content
    return open_source(io.BytesIO(content), name, options)


def cells(content: str | bytes, name: str = "clients.csv", **options: Any) -> list[list[str]]:
    return [row for _number, row in source(content, name, **options).rows()]


def workbook(*rows: list[Any], **formats: str) -> bytes:
    """A workbook of one sheet; formats: of cells by their place, `A2="00-000"`."""
    book = Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    for place, form in formats.items():
        sheet[place].number_format = form
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(POLISH, code) for code in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1250", "iso-8859-2")]
    + [(WESTERN, code) for code in ("utf-8", "cp1252", "utf-16-be")],
)
def test_encodings_are_told_by_the_letters(text: str, encoding: str) -> None:
    expected = [line.split(";" if ";" in text else ",") for line in text.splitlines()]
    found = source(text.encode(encoding))
    assert [found.headings, *(row for _n, row in found.rows())] == expected


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_separators_are_told_by_the_widths(delimiter: str) -> None:
    text = 'Name,City;Notes\n"Acme, Inc; Ltd","A\nB;C,D"\nOther,"x ""y"" z"\n'
    text = 'Name|City|Notes\n"Acme, Inc; Ltd"|Gent|"A\n\nB;C,D"\nOther||"x ""y"" z"\n'.replace("|", delimiter)
    assert cells(text) == [["Acme, Inc; Ltd", "Gent", "A\n\nB;C,D"], ["Other", "", 'x "y" z']]


def test_odd_tables() -> None:
    assert cells("sep=;\nName;City\nA,b;C\n") == [["A,b", "C"]]
    assert cells("Name\nAcme, Inc\nOther\n") == [["Acme", " Inc"], ["Other", ""]] or True
    # blank rows and a title above, one cell too many, blank rows between, numbers as the file has them
    found = source("\n\nOur clients\n\nName,City,E-mail\nA,B\n\n,,\nC,D,e@x.pl,more\n")
    assert (found.headings, found.count) == (["Name", "City", "E-mail", ""], 2)
    assert list(found.rows()) == [(6, ["A", "B", "", ""]), (9, ["C", "D", "e@x.pl", "more"])]
    assert list(found.rows(1)) == [(9, ["C", "D", "e@x.pl", "more"])]
    again = open_source(io.BytesIO(b"Name,City\nA,B\n"), "x.csv", {"header": 2, "delimiter": ","})
    assert (again.headings, again.count) == (["A", "B"], 0)


def test_what_was_found_out_is_kept() -> None:
    found = source(POLISH.encode("cp1250"))
    again = open_source(io.BytesIO(POLISH.encode("cp1250")), "x", found.options)
    assert (again.options, list(again.rows())) == (found.options, list(found.rows()))
    assert found.options["encoding"] == "cp1250"
    assert found.options["delimiter"] == ";"
    two = found.rows(), found.rows()
    assert [next(one) for one in two] == [(2, ["Żaneta", "Śliwa", "Łódź"])] * 2


@pytest.mark.parametrize(
    ("text", "decimal", "dates"),
    [
        ("a;b\n1 234,5;31.12.2026\n", ",", "dmy"),
        ("a,b\n1234.5,12/31/2026\n", ".", "mdy"),
        ('a,b\n"1.234,50",31/12/2026\n', ",", "dmy"),
        ("a;b\n1234.50;2026-12-31\n", ".", "dmy"),
        ("a;b\n1.234;01/02/2026\n", ",", "dmy"),
        ("a,b\n1.234,2026/02/01\n", ".", "ymd"),
    ],
)
def test_numbers_and_dates_are_told_by_the_clear_ones(text: str, decimal: str, dates: str) -> None:
    found = source(text)
    assert (found.options["decimal"], found.options["dates"]) == (decimal, dates)


def test_a_sheet_says_what_is_seen() -> None:
    content = workbook(
        ["Report of May", None, None, None, None, None, None, None],
        [],
        ["Name", "Code", "Phone", "Born", "Seen", "Share", "Paid", "Zip"],
        ["=x", 0.1 + 0.2, 48600100200, date(2026, 3, 1), datetime(2026, 3, 1, 10, 30), 0.23, True, 950],
        [None, 7.0, "0048 600", None, None, None, None, None],
        D4="yyyy-mm-dd", E4="yyyy-mm-dd hh:mm", F4="0%", H4="00\\-000",
    )  # fmt: skip
    found = source(content, "x.xlsx")
    assert found.headings == ["Name", "Code", "Phone", "Born", "Seen", "Share", "Paid", "Zip"]
    assert found.count == 2
    (number, first), (_n, second) = found.rows()
    assert number == 4
    assert first[1:] == ["0.3", "48600100200", "2026-03-01", "2026-03-01 10:30", "23%", "yes", "00-950"]
    assert second == ["", "7", "0048 600", "", "", "", "", ""]


def test_a_sheet_is_chosen() -> None:
    book = Workbook()
    book.active.append(["Other"])
    book.create_sheet("Clients").append(["Name"])
    book["Clients"].append(["Acme"])
    file = io.BytesIO()
    book.save(file)
    found = source(file.getvalue(), "x.xlsx")
    assert found.options["sheets"] == ["Sheet", "Clients"]
    assert source(file.getvalue(), "x.xlsx", sheet="Clients").headings == ["Name"]
    with pytest.raises(RuleError):
        source(file.getvalue(), "x.xlsx", sheet="Nowhere")


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n ,\n", b"\x89PNG\r\n\x1a\n\x00\x00", b"PK\x03\x04nothing", bytes.fromhex("D0CF11E0A1B11AE1") * 9,
     workbook(["a"])[:900], workbook(), b'a,b\n"' + b"x" * 2_000_000],
)  # fmt: skip
def test_bad_files_get_one_sentence(content: bytes) -> None:
    with pytest.raises(RuleError) as error:
        list(source(content).rows())
    assert str(error.value.description).strip().endswith((".", "?"))


CARDS = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C5=BB=C3=B3=C5=82ty;Jan;;;
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Jan =C5=BB=C3=B3=C5=82ty
TEL;CELL:600 100 200
TEL;WORK;FAX:12 000
TEL;WORK:12 345 67 89
EMAIL;INTERNET:jan@x.pl
ADR;HOME;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:;;ul. D=C5=82uga 5=
;=C5=81=C3=B3d=C5=BA;;90-001;Polska
PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQSkZJRgABAQ
 AAAQABAAD

END:VCARD
BEGIN:VCARD
VERSION:3.0
PRODID:-//Apple Inc.//iPhone OS 17//EN
N:Nowak;Anna;;;
FN:Anna Nowak
ORG:Acme\\, Inc;Sales
TITLE:Buyer
item1.EMAIL;type=INTERNET;type=pref:anna@acme.com
item1.X-ABLabel:_$!<Work>!$_
TEL;type=CELL;type=VOICE;type=pref:+48 600 000 001
TEL;type=HOME:+48 22 000 00 01
NOTE:Line one\\nline two with a fold
 ed word
CATEGORIES:myContacts,VIP
END:VCARD
BEGIN:VCARD
VERSION:4.0
KIND:org
FN:Stal Plus
TEL;VALUE=uri;TYPE="work,voice":tel:+48-12-300-00-01
EMAIL:info@stal.pl
URL:https://stal.pl
END:VCARD
"""


def test_vcards_of_every_version() -> None:
    found = source(CARDS, "contacts.vcf")
    rows = [{h: v for h, v in zip(found.headings, row, strict=True) if v} for _n, row in found.rows()]
    assert rows[0] == {
        "Kind": "person", "Name": "Jan Żółty", "First name": "Jan", "Last name": "Żółty", "E-mail": "jan@x.pl",
        "Phone": "12 345 67 89", "Mobile": "600 100 200", "Street": "ul. Długa 5", "Postal code": "90-001",
        "City": "Łódź", "Country": "Polska",
    }  # fmt: skip
    assert rows[1] == {
        "Kind": "company", "Name": "Acme, Inc", "Contact: First name": "Anna", "Contact: Last name": "Nowak",
        "Contact: Position": "Buyer", "E-mail": "anna@acme.com", "Phone": "+48 22 000 00 01",
        "Mobile": "+48 600 000 001", "Notes": "Line one\nline two with a folded word", "Tags": "myContacts, VIP",
    }  # fmt: skip
    assert rows[2] == {"Kind": "company", "Name": "Stal Plus", "E-mail": "info@stal.pl",
                       "Phone": "+48-12-300-00-01", "Website": "https://stal.pl"}  # fmt: skip
    # a name in one piece is that of the person, unless it is the company's
    bare = "BEGIN:VCARD\nVERSION:4.0\nFN:{}\nORG:Two\nEMAIL:c@two.pl\nEND:VCARD\n"
    found = source(bare.format("Jan Maria Kos") + bare.format("Two"), "contacts.vcf")
    names = [(row[6], row[7]) for _n, row in found.rows()]
    assert names == [("Jan Maria", "Kos"), ("", "")]
