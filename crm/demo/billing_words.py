"""What the demo's invoices are for."""

#: (description, lowest and highest net price in złoty, unit)
SOLD = (
    ("Wedding band, gold 585", 1200, 3400, "pc"),
    ("Engagement ring with a diamond, 0.30 ct", 3900, 9800, "pc"),
    ("Silver chain, 45 cm", 120, 260, "pc"),
    ("Amber pendant in silver", 180, 460, "pc"),
    ("Pearl earrings", 240, 780, "pair"),
    ("Signet ring, silver 925", 420, 900, "pc"),
    ("Engraving", 60, 180, "pc"),
    ("Resizing of a ring", 90, 220, "pc"),
    ("Repair of a clasp", 50, 140, "pc"),
    ("Cleaning and rhodium plating", 70, 160, "pc"),
    ("Appraisal with a certificate", 150, 350, "pc"),
    ("Design and sketches", 90, 140, "h"),
)
#: (description, lowest and highest net price of one unit, unit)
BOUGHT = (
    ("Gold 585, sheet", 210, 260, "g"),
    ("Silver 925, wire", 3, 5, "g"),
    ("Diamond, brilliant cut, 0.30 ct", 1400, 2600, "pc"),
    ("Baltic amber, polished", 2, 9, "g"),
    ("Ring boxes", 6, 18, "pc"),
    ("Casting", 80, 240, "pc"),
)
NOTES = (None, None, None, None, "Thank you for your order.", "Collected in person.", "As agreed by phone.")
REASONS = ("One piece came back.", "Wrong price.", "Discount agreed afterwards.")
