"""What the demo data is made of. All people and companies are made up; domains end in .example."""

#: Split below: one name a line would be a long page.
_NAMES = {
    "PL": (
        "Anna Katarzyna Maria Agnieszka Małgorzata Zofia Hanna Łucja",
        "Paweł Piotr Tomasz Michał Łukasz Jakub Stanisław Grzegorz",
        "Nowak Kowalski Wiśniewski Wójcik Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski "
        "Żółkiewski Król Pawlak Święcicki Górski Mazur",
    ),
    "BE": (
        "Emma Louise Marie Camille Noor Lotte Elise Juliette",
        "Lucas Arthur Louis Jules Thomas Pieter Maxime Wout",
        "Peeters Janssens Maes Jacobs Mertens Willems Claes Goossens Wouters Dubois Lambert Dupont "
        "Lejeune Simon Renard Leroy",
    ),
}
WOMEN = {country: tuple(names[0].split()) for country, names in _NAMES.items()}
MEN = {country: tuple(names[1].split()) for country, names in _NAMES.items()}
LAST_NAMES = {country: tuple(names[2].split()) for country, names in _NAMES.items()}
CITIES = {
    "PL": (
        ("Kraków", "31-0%02d"),
        ("Warszawa", "00-1%02d"),
        ("Gdańsk", "80-8%02d"),
        ("Wrocław", "50-0%02d"),
        ("Łódź", "90-0%02d"),
        ("Poznań", "61-7%02d"),
        ("Żory", "44-2%02d"),
    ),
    "BE": (
        ("Antwerpen", "20%02d"),
        ("Gent", "90%02d"),
        ("Brussel", "10%02d"),
        ("Liège", "40%02d"),
        ("Brugge", "80%02d"),
        ("Leuven", "30%02d"),
    ),
}
STREETS = {
    "PL": (
        "ul. Floriańska",
        "ul. Długa",
        "ul. Świętojańska",
        "ul. Piotrkowska",
        "al. Jana Pawła II",
        "ul. Złota",
    ),
    "BE": ("Meir", "Veldstraat", "Pelikaanstraat", "Rue Neuve", "Steenstraat", "Rue de la Régence"),
}
COMPANY_WORDS = {
    "PL": ("Złoty", "Srebrny", "Bursztyn", "Jantar", "Aurum", "Perła", "Korona", "Diament", "Topaz", "Rubin"),
    "BE": (
        "Goud",
        "Diamant",
        "Parel",
        "Saffier",
        "Bijoux",
        "Lumière",
        "Kroon",
        "Éclat",
        "Briljant",
        "Robijn",
    ),
}
COMPANY_KINDS = {
    "PL": ("Galeria", "Salon", "Pracownia", "Antyki", "Hotel", "Kwiaciarnia", "Butik", "Agencja", "Fundacja"),
    "BE": ("Juwelier", "Galerie", "Atelier", "Antiek", "Hotel", "Bloemen", "Boutique", "Events", "Maison"),
}
LEGAL_FORMS = {"PL": ("sp. z o.o.", "s.c.", "S.A."), "BE": ("BV", "NV", "SRL")}
POSITIONS = ("Owner", "Buyer", "Shop manager", "Accountant", "Office", "Designer", "Event planner")

TAGS = (
    ("Wedding", "#fce7f3"),
    ("Wholesale", "#dbeafe"),
    ("Engraving", "#e0e7ff"),
    ("Newsletter", "#dcfce7"),
    ("Late payer", "#fee2e2"),
    ("Trade fair", "#fef3c7"),
    ("Insured", "#ccfbf1"),
    ("Anniversary", "#f3e8ff"),
)

#: (label, key, type, group, options)
ATTRIBUTES = (
    ("Ring size", "ring_size", "number", "Preferences", ()),
    (
        "Favourite metal",
        "favourite_metal",
        "word",
        "Preferences",
        ("Yellow gold", "White gold", "Rose gold", "Silver", "Platinum"),
    ),
    ("Allergies", "allergies", "words", "Preferences", ("Nickel", "Copper", "Latex")),
    ("Birthday", "birthday", "date", "Personal", ()),
    ("Visits", "visits", "integer", "Personal", ()),
    ("Catalogue by post", "catalogue", "yes_no", "Preferences", ()),
    ("Loyalty number", "loyalty_number", "text", "Personal", ()),
    ("ID card", "id_card", "text", "Personal", ()),
    ("Design brief", "design_brief", "long_text", "Preferences", ()),
    ("Budget", "budget", "money", "Preferences", ()),
    ("Next fitting", "next_fitting", "date_time", "Preferences", ()),
    ("Inspiration", "inspiration", "link", "Preferences", ()),
)
CONTACT_TAGS = (
    ("Decision maker", "#fae8ff"),
    ("Gets the invoices", "#e0f2fe"),
    ("Christmas card", "#fee2e2"),
)
#: Keys of those that are sensitive.
SENSITIVE_ATTRIBUTES = frozenset({"id_card"})
CONTACT_ATTRIBUTES = (
    (
        "Preferred contact time",
        "preferred_contact_time",
        "word",
        None,
        ("Morning", "Afternoon", "After 17:00"),
    ),
    ("Birthday", "birthday", "date", None, ()),
    ("Speaks", "speaks", "words", None, ("Polish", "English", "Dutch", "French")),
)

NOTES = (
    "Prefers matte finishes; show her the new textured bands.",
    "Asked whether we can set her grandmother's sapphire in a pendant. Needs an appraisal first.",
    "Very happy with the engraving. Wants the same font for the anniversary ring.",
    "Phone only after 17:00, works in a laboratory.",
    "Compares our price with two shops in the old town. Decides by the end of the month.",
    "Sends customers our way; thank him with the small catalogue at Christmas.",
    "Delivery to the back door, the shop front is closed on Mondays.",
    "Paid the last invoice three weeks late. Ask for half in advance.",
)
TASKS = (
    "Call back about the ring size",
    "Send the sketches",
    "Order 0.5 ct stones",
    "Prepare the quote for the bands",
    "Ask for the appraisal papers",
    "Remind about collecting the repair",
    "Send the wholesale price list",
    "Book a fitting",
    "Check the clasp under warranty",
)
DEALS = (
    "Wedding bands",
    "Engagement ring",
    "Anniversary pendant",
    "Shop window display",
    "Corporate pins",
    "Repair of a brooch",
    "Spring collection",
    "Signet rings",
    "Pearl necklace",
)
INTERNAL_NOTES = (
    None,
    None,
    None,
    "Friend of the house.",
    "Discount agreed until the end of the year.",
    "Invoices go to the accountant.",
    "Allergic to nickel!",
)
