"""Made-up clients with known duplicates, and people who only look like each other: the same for the same seed."""

import random
import string
from typing import Any


def words(text: str) -> list[str]:
    return text.split()


FIRST = words("""
    Anna Katarzyna Maria Marta Agnieszka Małgorzata Zofia Hanna Łucja Ewa Joanna Barbara Paweł Piotr
    Tomasz Michał Łukasz Jakub Stanisław Grzegorz Jan Adam Marek Krzysztof Emma Louise Camille Noor
    Lotte Lucas Arthur Pieter Maxime Jürgen Björn Søren François Zoë
""")
LAST_STARTS = words("""
    Kow Now Wiś Wój Kam Lew Ziel Szym Woź Dąb Król Paw Świę Gór Maz Peet Jans Mert Goos Wout Dub Lamb
    Ren Gier Mli Brzo Cza Fi Gra Hor Jas Łuk Mor Ols Per Rut Sob Tur Urb Wal Żur
""")
LAST_ENDS = words("""
    alski acka iński icz czyk ecki ak owiak ewski aś ers sens ens aert ois ard oński ała ik ez
""")
TRADES = words("""
    Zakład Pracownia Salon Studio Sklep Hurtownia Serwis Biuro Atelier Bijouterie Juwelier Garaż
    Piekarnia Kwiaciarnia Drukarnia Apteka
""")
FIELDS = words("""
    Jubilerski Złotniczy Fryzjerski Foto Krawiecki Optyczny Meblowy Ogrodowy Transport Bud Med Soft Tech
    Trade Design Plast
""")
SOUNDS = words("""
    ba be bi bo bu da de do dra fa fi ga go gra ka ko kra la le lo lu ma me mi mo na ne no pa pe po pra
    ra re ro sa se so sta ta te to tra wa we wi wo za ze zo
""")
FORMS = ["Sp. z o.o.", "S.A.", "sp. j.", "GmbH", "BV", "B.V.", "SPRL", "SRL", "Ltd", "spółka z o.o.", ""]
SAME_FORM = {
    "Sp. z o.o.": ["sp. z o. o.", "SP Z OO", "spółka z ograniczoną odpowiedzialnością", ""],
    "S.A.": ["SA", "Spółka Akcyjna"], "BV": ["B.V."], "B.V.": ["BV", ""], "SPRL": ["S.P.R.L.", "SRL"],
    "Ltd": ["Limited", "Ltd."], "GmbH": ["G.m.b.H.", ""], "spółka z o.o.": ["sp. z o.o."],
}  # fmt: skip
CITIES = words("""
    Kraków Warszawa Gdańsk Wrocław Łódź Poznań Żory Antwerpen Gent Brugge Leuven Liège Szczecin Lublin
    Białystok Katowice Rzeszów Toruń Kielce Olsztyn
""")
STREETS = words("""
    Floriańska Długa Świętojańska Piotrkowska Złota Lipowa Polna Leśna Szkolna Krótka Ogrodowa Kwiatowa
""")
NO_MARKS = str.maketrans("ąćęłńóśźżöüøçëè", "acelnoszzouocee")
#: How often a second entry of a client has what.
KEEPS = {"email": 0.55, "phone": 0.6, "tax_id": 0.6, "city": 0.9, "street": 0.6}
Row = dict[str, Any]


class Maker:
    """Clients by chance. Row: the client's fields by name."""

    def __init__(self, seed: int):
        self.chance = random.Random(seed)

    def rows(self, count: int) -> tuple[list[Row], set[tuple[int, int]]]:
        """So many clients, and the pairs of places in the list that are one: about one in twelve is a second entry.

        About one in twenty is somebody else of the same name.
        """
        rows: list[Row] = []
        same: set[tuple[int, int]] = set()
        while len(rows) < count:
            rows.append(self.person() if self.chance.random() < 0.5 else self.company())
            if self.chance.random() < 0.09:
                rows.append(self.again(rows[-1]))
                same.add((len(rows) - 2, len(rows) - 1))
            elif self.chance.random() < 0.06:
                rows.append(self.namesake(rows[-1]))
        return rows[:count], {pair for pair in same if pair[1] < count}

    def person(self) -> Row:
        first, last = self.chance.choice(FIRST), self.last_name()
        row = {"kind": "person", "name": f"{first} {last}", "first_name": first, "last_name": last}
        return row | self.reached(f"{first}.{last}", "mail.example") | self.place()

    def company(self) -> Row:
        brand = "".join(self.chance.choice(SOUNDS) for _ in range(self.chance.randint(2, 4))).capitalize()
        parts = self.chance.choice((
            [brand], [brand, self.chance.choice(FIELDS)], [self.chance.choice(TRADES), brand],
            [self.chance.choice(TRADES), self.chance.choice(FIELDS), self.last_name()],
        ))  # fmt: skip
        name = " ".join([*parts, self.chance.choice(FORMS)]).strip()
        row = {
            "kind": "company",
            "name": name,
            "tax_id": self.tax_id() if self.chance.random() < 0.8 else None,
        }
        host = f"{brand}{self.chance.randint(1, 99)}.example"
        return row | self.reached(self.chance.choice(("info", "biuro", "office")), host) | self.place()

    def last_name(self) -> str:
        return self.chance.choice(LAST_STARTS) + self.chance.choice(LAST_ENDS)

    def reached(self, local: str, host: str) -> Row:
        number = self.chance.randint(1, 9999) if host == "mail.example" else ""
        email = f"{local}{number}@{host}".lower().translate(NO_MARKS)
        has = self.chance.choice(((True, True), (True, True), (True, False), (False, True)))
        return {"email": email if has[0] else None, "phone": self.phone() if has[1] else None}

    def phone(self) -> str:
        return f"+48 {self.chance.randint(500_000_000, 899_999_999)}"

    def place(self) -> Row:
        return {
            "billing_city": self.chance.choice(CITIES),
            "billing_street": f"ul. {self.chance.choice(STREETS)} {self.chance.randint(1, 120)}",
            "billing_country": "PL",
        }

    def tax_id(self) -> str:
        from stdnum.pl import nip

        while True:
            digits = f"{self.chance.randint(101, 999)}{self.chance.randint(0, 999_999):06d}"
            if nip.checksum(f"{digits}0") < 10:
                return f"{digits}{nip.checksum(f'{digits}0')}"

    # -- a second entry of the same client

    def again(self, row: Row) -> Row:
        """The same client as somebody else typed it: something of it is always there by which a person would see it."""
        chance, new = self.chance, dict(row)
        kept = [n for n in ("email", "phone", "tax_id") if row.get(n) and chance.random() < KEEPS[n]]
        for name in ("email", "phone", "tax_id"):
            if name not in kept:
                new[name] = None
        if not kept:
            # by name and place alone, so the place has to be there
            if not row["phone"] or (row["kind"] == "company" and chance.random() < 0.5):
                new["phone"] = self.phone()
        elif chance.random() > KEEPS["city"]:
            new |= self.place()
        if chance.random() > KEEPS["street"]:
            new["billing_street"] = None
        if new["email"]:
            new["email"] = new["email"].upper() if chance.random() < 0.2 else new["email"]
        if new["phone"]:
            new["phone"] = self.spelt(new["phone"])
        if new.get("tax_id"):
            d = new["tax_id"]
            new["tax_id"] = chance.choice(
                (d, f"PL{d}", f"PL {d[:3]}-{d[3:6]}-{d[6:8]}-{d[8:]}", f"{d[:3]} {d[3:6]} {d[6:8]} {d[8:]}")
            )
        new["name"] = self.name_again(row["name"], row["kind"])
        new["first_name"] = new["last_name"] = None
        return new

    def spelt(self, phone: str) -> str:
        digits = phone.removeprefix("+48 ")
        one, two, three = digits[:3], digits[3:6], digits[6:]
        spellings = (f"{one} {two} {three}", f"{one}-{two}-{three}", f"0048{digits}", f"+48{digits}", digits)
        return self.chance.choice((*spellings, f"(+48) {digits[:2]} {digits[2:5]} {digits[5:]}"))

    def name_again(self, name: str, kind: str) -> str:
        chance = self.chance
        words = name.split()
        for form, others in SAME_FORM.items():
            if kind == "company" and name.endswith(f" {form}") and chance.random() < 0.6:
                words = name.removesuffix(form).split()
                words += [other] if (other := chance.choice(others)) else []
                break
        body = [i for i, w in enumerate(words) if len(w) > 4 and w.isalpha()]
        what = chance.random()
        if what < 0.35 and body:
            place = max(body, key=lambda i: len(words[i])) if chance.random() < 0.5 else chance.choice(body)
            words[place] = self.slip(words[place])
        elif what < 0.55 and kind == "person" and len(words) == 2:
            words.reverse()
        text = " ".join(words)
        style = chance.random()
        return text.translate(NO_MARKS) if style < 0.3 else text.upper() if style < 0.45 else text

    def slip(self, word: str) -> str:
        """One slip of the finger: a letter left out, doubled, changed, or two swapped."""
        place, kind = self.chance.randint(1, len(word) - 2), self.chance.randint(0, 3)
        if kind == 0:
            return word[:place] + word[place + 1 :]
        if kind == 1:
            return word[:place] + word[place] + word[place:]
        if kind == 2:
            return word[:place] + self.chance.choice(string.ascii_lowercase) + word[place + 1 :]
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]

    # -- somebody else

    def namesake(self, row: Row) -> Row:
        """Somebody else who is called the same, in the same town or not, or a firm whose name differs by a word."""
        chance = self.chance
        if row["kind"] == "person":
            first = (
                row["first_name"]
                if chance.random() < 0.7
                else chance.choice([n for n in FIRST if n != row["first_name"]])
            )
            new = row | {
                "first_name": first,
                "name": f"{first} {row['last_name']}",
                "email": None,
                "phone": self.phone(),
            }
            if not row["phone"]:
                new["email"], new["phone"] = f"other{chance.randint(1, 99999)}@mail.example", None
            # a couple: one phone, another first name
            if first != row["first_name"] and row["phone"] and chance.random() < 0.4:
                return new | {"phone": row["phone"]}
            return new | (
                self.place() if chance.random() < 0.5 else {"billing_street": self.place()["billing_street"]}
            )
        words = row["name"].split()
        kind = chance.random()
        if kind < 0.5:
            # another branch of a chain, or a sister: its own tax ID
            return row | {
                "tax_id": self.tax_id(),
                **self.reached("kontakt", f"x{chance.randint(1, 99999)}.example"),
                **self.place(),
            }
        words[0] = chance.choice([w for w in TRADES if w != words[0]])
        return row | {
            "name": " ".join(words),
            "tax_id": self.tax_id(),
            **self.reached("biuro", f"y{chance.randint(1, 99999)}.example"),
        }
