"""What stands around a text without belonging to it: blanks, and marks that nobody sees, which come with what is
copied from pages and other programs."""

#: Soft hyphens, joiners, marks of direction, and the mark of byte order. Inside a text they may mean something.
INVISIBLE = (
    "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)
AROUND = INVISIBLE + "".join(chr(code) for code in range(0x3001) if chr(code).isspace())


def trimmed(text: str) -> str:
    """A text without what stands around it."""
    return text.strip(AROUND)
