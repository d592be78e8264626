"""What a jeweller's workshop does for its clients, in words."""

#: A piece, and the steps to it.
PROJECTS = (
    ("Wedding rings",
     ("Measure both fingers", "Draw two sketches", "Cast in 585 gold", "Engrave the date", "Polish and hallmark")),
    ("Engagement ring to a sketch",
     ("Choose the diamond", "Model in wax", "Cast in platinum", "Set the stone", "Take photographs")),
    ("Restoration of a necklace", ("Photograph the state", "Clean the links", "Replace two garnets", "New clasp")),
    ("Signet ring with a coat of arms",
     ("Draw the coat of arms", "Cast in silver", "Engrave", "Polish and hallmark")),
    ("Pendant from old gold", ("Melt and test the gold", "Roll the sheet", "Solder the frame", "Set the opal")),
    ("Corporate gifts for the winter",
     ("Agree on the design", "Make the first piece", "Make the series", "Engrave the logo", "Pack")),
    ("Collection for the spring fair",
     ("Choose the pieces", "Order the stones", "Make the showpieces", "Print the price list")),
)  # fmt: skip
LISTS = ("Steps", "At the bench", "To do for the piece")
JOBS = (
    "Resizing a ring", "Cleaning and polishing", "New clasp for a bracelet", "Setting a loose stone",
    "Restringing pearls", "Rhodium plating", "Advice on an heirloom", "Valuation for the insurance",
)  # fmt: skip
#: (title, place)
MEETINGS = (
    ("Fitting", "Workshop"), ("Choosing the stones", "Workshop"), ("Showing the sketches", "Shop"),
    ("Handing over", "Shop"), ("Talk about the next order", "At the client's"), ("Call about the engraving", None),
)  # fmt: skip
DAYS_OUT = (
    ("Jewellery fair", "Gdańsk"),
    ("Visit to the stone market", "Antwerpen"),
    ("Days of the open workshop", "Workshop"),
)
