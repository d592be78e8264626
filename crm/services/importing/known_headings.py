"""What columns are called in other systems and by people, in English and Polish: field -> headings, folded.

The layouts are those of HubSpot, Pipedrive, Google Contacts (old and new), Outlook (English and Polish) and address
books. A heading is looked up without case, accents and signs; the first that a file has wins.
"""

from collections.abc import Mapping

Headings = dict[str, tuple[str, ...]]

#: Columns of other systems that are nothing here, though they look like it.
NOTHING = frozenset({
    "phonetic first name", "phonetic last name", "middle name", "additional name", "name prefix", "name suffix",
    "initials", "nickname", "file as", "photo", "gender", "birthday", "e mail type", "lifecycle stage",
    "record id contact", "create date", "last modified date", "last activity date", "error", "blad", "row", "wiersz",
})  # fmt: skip

PERSON: Headings = {
    "first_name": ("first name", "given name", "firstname", "imie", "person first name", "forename", "imiona"),
    "last_name": ("last name", "family name", "surname", "lastname", "nazwisko", "person last name"),
    "position": ("job title", "position", "title", "stanowisko", "organization title", "organization 1 title",
                 "person job title", "person title", "role", "funkcja"),
    "email": ("email", "e mail", "e mail address", "email address", "e mail 1 value", "person email work",
              "person email", "adres e mail", "adres email", "mail", "poczta", "person email home",
              "person email other", "primary email", "work email", "email 1", "e mail 1"),
    "phone": ("phone", "phone number", "telephone", "tel", "telefon", "business phone", "phone 1 value",
              "person phone work", "person phone", "telefon sluzbowy", "work phone", "primary phone",
              "company main phone", "nr telefonu", "numer telefonu", "telefon 1", "phone 1", "telefon stacjonarny",
              "home phone", "telefon domowy", "glowny telefon do firmy", "telefon podstawowy"),
    "mobile": ("mobile", "mobile phone", "mobile phone number", "cell", "cell phone", "mobile number",
               "person phone mobile", "telefon komorkowy", "komorka", "tel kom", "kom", "phone 2 value",
               "telefon 2", "phone 2"),
    "website": ("website", "website url", "web page", "web site", "url", "www", "strona www", "strona internetowa",
                "strona sieci web", "website 1 value", "homepage", "person website", "organization website"),
    "street": ("street", "street address", "address", "address 1", "ulica", "adres", "business street",
               "address 1 street", "adres sluzbowy ulica", "address line 1", "person postal address",
               "organization address", "ulica i numer", "mailing street", "billing street", "home street",
               "adres domowy ulica"),
    "postal_code": ("postal code", "zip", "zip code", "zip postal code", "postcode", "kod pocztowy", "kod",
                    "business postal code", "address 1 postal code", "adres sluzbowy kod pocztowy",
                    "mailing zip postal code", "billing zip postal code", "home postal code",
                    "person zip postal code of postal address", "organization zip postal code of address",
                    "adres domowy kod pocztowy"),
    "city": ("city", "town", "miasto", "miejscowosc", "business city", "address 1 city",
             "adres sluzbowy miejscowosc", "mailing city", "billing city", "home city",
             "organization city town village locality of address", "adres domowy miejscowosc"),
    "region": ("region", "state", "state region", "province", "county", "wojewodztwo", "business state",
               "address 1 region", "adres sluzbowy wojewodztwo", "mailing state province", "home state",
               "organization state county of address"),
    "country": ("country", "country region", "kraj", "panstwo", "business country region", "business country",
                "address 1 country", "adres sluzbowy kraj region", "adres sluzbowy kraj", "mailing country",
                "home country region", "home country", "organization country of address", "kraj region"),
}  # fmt: skip
NOTES = ("notes", "note", "internal notes", "notatki", "uwagi", "comments", "comment", "komentarz", "person notes",
         "notatka")  # fmt: skip
TAGS = ("tags", "tag", "labels", "label", "tagi", "etykiety", "etykieta", "categories", "category", "kategorie",
        "group membership", "person labels", "person label", "organization labels", "organization label", "grupa",
        "groups")  # fmt: skip
OWNER = ("assignees", "assignee", "owner", "contact owner", "company owner", "opiekun", "opiekunowie", "handlowiec",
         "person owner", "organization owner", "lead owner", "account owner", "przypisany do", "sales rep",
         "osoba odpowiedzialna")  # fmt: skip
EXTERNAL = ("external id", "record id", "id", "person id", "organization id", "contact id", "company id",
            "customer id", "client id", "id klienta", "id zewnetrzne", "nr klienta", "numer klienta",
            "identyfikator", "kod klienta", "symbol klienta", "deal id", "account id")  # fmt: skip
COMPANY = ("company", "company name", "organization name", "organization", "organization 1 name", "firma",
           "nazwa firmy", "organisation", "organisation name", "person organization", "associated company",
           "associated company primary", "account name", "nazwa kontrahenta", "kontrahent", "employer",
           "przedsiebiorstwo", "organizacja", "primary associated company", "business name")  # fmt: skip
FULL_NAME = ("name", "full name", "client", "client name", "customer", "customer name", "nazwa", "klient",
             "nazwa klienta", "imie i nazwisko", "nazwa pelna", "pelna nazwa", "person name", "contact name",
             "display name", "nazwa wyswietlana", "contact", "kontakt", "fn")  # fmt: skip

CLIENT: Headings = {
    "external_id": EXTERNAL,
    "kind": ("kind", "type", "rodzaj", "typ", "typ klienta", "client type", "customer type"),
    "name": (*COMPANY, *FULL_NAME),
    "short_name": ("short name", "nazwa skrocona", "skrot", "nazwa krotka"),
    **{name: PERSON[name] for name in ("first_name", "last_name", "position", "email", "phone", "mobile", "website")},
    "phone2": ("second phone", "phone 3 value", "other phone", "telefon 3", "phone 3", "drugi telefon",
               "business phone 2", "telefon sluzbowy 2", "person phone other", "inny telefon"),
    "domain": ("domain", "company domain name", "domena"),
    "tax_id": ("tax id", "nip", "vat", "vat number", "vat id", "vat no", "tax number", "nr nip", "numer nip",
               "vat ue", "nip ue", "vat eu", "btw", "btw nummer", "tva", "numero tva", "ust idnr", "tin"),
    "regon": ("regon",),
    "pesel": ("pesel",),
    "peppol_id": ("peppol id", "peppol"),
    "language": ("language", "preferred language", "jezyk", "lang"),
    "status": ("status", "lead status", "status klienta", "client status", "stan"),
    "stars": ("stars", "rating", "gwiazdki", "ocena"),
    "tags": TAGS,
    "assignees": OWNER,
    "is_buyer": ("buyer", "odbiorca", "nabywca"),
    "is_supplier": ("supplier", "dostawca", "vendor"),
    "is_workshop": ("workshop", "warsztat"),
    "consent": ("marketing consent", "consent", "zgoda", "zgoda marketingowa", "zgoda na marketing", "newsletter",
                "person marketing consent"),
    **{f"billing.{name}": PERSON[name] for name in ("street", "postal_code", "city", "region", "country")},
    "delivery.street": ("delivery street", "shipping street", "shipping address", "other street", "address 2 street",
                        "adres dostawy", "inny adres ulica", "dostawa ulica"),
    "delivery.postal_code": ("delivery postal code", "shipping postal code", "shipping zip", "other postal code",
                             "address 2 postal code", "inny adres kod pocztowy", "dostawa kod pocztowy"),
    "delivery.city": ("delivery city", "shipping city", "other city", "address 2 city", "inny adres miejscowosc",
                      "dostawa miasto"),
    "delivery.region": ("delivery region", "shipping state", "other state", "address 2 region"),
    "delivery.country": ("delivery country", "shipping country", "other country region", "other country",
                         "address 2 country", "dostawa kraj"),
    "bank": ("bank", "bank name", "nazwa banku"),
    "account_number": ("account number", "bank account", "iban", "numer konta", "nr konta", "rachunek bankowy",
                       "numer rachunku", "konto bankowe"),
    "currency": ("currency", "waluta"),
    "payment_period": ("payment period", "payment terms", "payment days", "termin platnosci", "due days"),
    "discount": ("discount", "discount in", "rabat", "upust", "discount percent"),
    "notes": NOTES,
    "description": ("description", "opis", "about us"),
}  # fmt: skip

CONTACT: Headings = {
    **PERSON,
    "full_name": ("name", "full name", "person name", "contact name", "imie i nazwisko", "display name"),
    "external_id": EXTERNAL,
    "client": COMPANY + ("client", "klient", "client name", "customer", "nazwa klienta"),
    "client_tax_id": CLIENT["tax_id"],
    "tags": TAGS,
    "description": ("description", "opis", *NOTES),
    "is_primary": ("primary", "is primary", "main contact", "glowny", "kontakt glowny"),
}

#: What a record's column for its client is called, where the record is no contact.
WHOSE = ("client", "klient", *COMPANY, "client name", "customer", "customer name", "nazwa klienta", "account",
         "deal organization", "activity organization", "note organization")  # fmt: skip
OF_CLIENT: Headings = {
    "client": WHOSE,
    "client_external_id": ("client external id", "customer id", "client id", "id klienta", "nr klienta",
                           "organization id", "company id", "associated company ids", "associated company ids primary"),
    "client_tax_id": CLIENT["tax_id"],
    "client_email": ("email", "e mail", "client email", "customer email", "person email", "person email work",
                     "e mail klienta", "adres e mail"),
}  # fmt: skip
RECORDS: Mapping[str, Headings] = {
    "client": CLIENT,
    "contact": CONTACT,
    "note": OF_CLIENT | {
        "text": ("text", "note", "content", "body", "note body", "notes", "tresc", "notatka", "tekst",
                 "note content"),
        "pinned": ("pinned", "przypieta", "przypiete"),
    },
    "deal": OF_CLIENT | {
        "title": ("title", "deal title", "deal name", "name", "nazwa", "tytul", "szansa", "nazwa szansy",
                  "opportunity", "opportunity name", "temat"),
        "stage": ("stage", "deal stage", "etap", "faza", "deal status", "status"),
        "amount": ("amount", "deal value", "value", "wartosc", "kwota", "amount in company currency"),
        "currency": ("currency", "deal currency of value", "waluta", "deal currency"),
        "probability": ("probability", "deal probability", "prawdopodobienstwo", "win probability"),
        "expected_close": ("expected close", "close date", "deal expected close date", "expected close date",
                           "data zamkniecia", "planowane zamkniecie", "przewidywane zamkniecie"),
        "responsible": ("responsible", "deal owner", "owner", "wlasciciel", "opiekun", "handlowiec"),
        "contact": ("contact", "contact person", "deal contact person", "associated contact", "kontakt",
                    "osoba kontaktowa"),
        "notes": ("notes", "note", "description", "deal description", "notatki", "opis", "uwagi"),
    },
    "task": OF_CLIENT | {
        "title": ("title", "task title", "subject", "task", "name", "tytul", "temat", "zadanie", "nazwa",
                  "activity subject"),
        "description": ("description", "notes", "note", "body", "task notes", "opis", "uwagi", "tresc",
                        "activity note"),
        "due": ("due", "due date", "deadline", "termin", "data", "activity due date", "do kiedy"),
        "planned": ("planned", "start date", "start", "planowane", "data rozpoczecia"),
        "reminder": ("reminder", "reminder on off", "przypomnienie"),
        "priority": ("priority", "priorytet", "activity priority"),
        "assignees": ("assignees", "assignee", "assigned to", "owner", "task owner", "wykonawca", "wykonawcy",
                      "przypisane do", "odpowiedzialny", "activity assigned to user"),
        "done": ("done", "completed", "complete", "zrobione", "wykonane", "activity done", "zakonczone"),
    },
    "product": {
        "name": ("name", "product", "product name", "nazwa", "produkt", "nazwa produktu", "towar", "nazwa towaru",
                 "item"),
        "sku": ("sku", "product code", "code", "symbol", "kod", "kod produktu", "indeks", "product sku", "kod towaru"),
        "sale_price": ("sale price", "price", "unit price", "cena", "cena sprzedazy", "cena netto", "product price",
                       "cena sprzedazy netto"),
        "purchase_price": ("purchase price", "cost", "unit cost", "cena zakupu", "cost of goods sold", "koszt",
                           "cena zakupu netto"),
        "currency": ("currency", "waluta"),
        "vat_rate": ("vat", "vat rate", "stawka vat", "tax", "tax rate"),
        "unit": ("unit", "jednostka", "jm", "j m", "jednostka miary"),
        "active": ("active", "aktywny", "active flag"),
        "description": ("description", "product description", "opis"),
        "client": ("supplier", "dostawca", "vendor", "producent", "client"),
    },
}  # fmt: skip
