"""What the demo's workshop sells and repairs."""

#: (SKU, name, purchase price and sale price in złoty, unit, VAT rate): what the workshop always has.
PRODUCTS = (
    ("RG-585-4", "Wedding band, gold 585, 4 mm", "980", "1650", "pc", "23"),
    ("RG-585-6", "Wedding band, gold 585, 6 mm", "1420", "2390", "pc", "23"),
    ("RG-DIA-30", "Engagement ring with a diamond, 0.30 ct", "3100", "5490", "pc", "23"),
    ("RG-SAP-10", "Ring with a sapphire, white gold", "2250", "3990", "pc", "23"),
    ("RG-925-S", "Signet ring, silver 925", "190", "449.99", "pc", "23"),
    ("CH-925-45", "Silver chain, 45 cm", "48", "129.50", "pc", "23"),
    ("CH-585-50", "Gold chain, 50 cm", "1130", "1890", "pc", "23"),
    ("PD-AMB-1", "Amber pendant in silver", "72", "189", "pc", "23"),
    ("ER-PRL-7", "Pearl earrings, 7 mm", "145", "329", "pair", "23"),
    ("BR-925-19", "Silver bracelet, 19 cm", "86", "219.90", "pc", "23"),
    ("BX-RING", "Ring box with velvet", "6.20", "19.90", "pc", "23"),
    ("BK-CARE", "Booklet: caring for jewellery", "7", "15", "pc", "5"),
    ("SV-ENGR", "Engraving, up to 20 letters", None, "89", "pc", "23"),
    ("SV-SIZE", "Resizing of a ring", None, "140", "pc", "23"),
    ("SV-RHOD", "Cleaning and rhodium plating", None, "110", "pc", "23"),
    ("SV-APPR", "Appraisal with a certificate", None, "240", "pc", "23"),
    ("SV-HOUR", "Goldsmith's work", None, "135", "h", "23"),
)
#: (name, purchase price, sale price, unit): what suppliers offer.
SUPPLIED = (
    ("Gold 585, sheet", "236.40", "289", "g"),
    ("Silver 925, wire 0.8 mm", "3.85", "6.20", "g"),
    ("Diamond, brilliant cut, 0.30 ct", "1980", "2890", "pc"),
    ("Sapphire, oval, 6 × 4 mm", "640", "1150", "pc"),
    ("Baltic amber, polished", "4.10", "9.50", "g"),
    ("Freshwater pearls, strand", "128", "260", "pc"),
    ("Lobster clasp, gold 585", "74.50", "139", "pc"),
    ("Ring boxes, 50 pieces", "290", "450", "box"),
)
#: (what was brought in, what is wrong with it, lowest and highest estimate in złoty)
REPAIRS = (
    ("Gold chain, 50 cm", "The clasp does not close any more.", 80, 160),
    ("Wedding band, gold 585", "Too small: two sizes up.", 120, 240),
    ("Ring with a sapphire", "The stone is loose, two claws are worn.", 180, 420),
    ("Pearl necklace", "The thread is torn; string it anew with knots.", 150, 320),
    ("Silver brooch, about 1930", "The pin is broken off.", 110, 260),
    ("Wristwatch", "The bracelet lacks a link.", 60, 140),
)
NOTES = (
    None,
    None,
    None,
    "Before Christmas, please.",
    "The client pays in two parts.",
    "Call when it is ready.",
)
