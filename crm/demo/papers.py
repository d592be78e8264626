"""The few files that all demo documents share: small papers and drawings, the same each time."""

import io

from PIL import Image, ImageDraw

LINE = 16


def pdf(title: str, lines: tuple[str, ...]) -> bytes:
    """A page A4 with a title and some lines, in letters of ASCII."""
    text = [f"BT /F1 20 Tf 72 760 Td ({title}) Tj ET"]
    text += [f"BT /F1 11 Tf 72 {720 - LINE * number} Td ({line}) Tj ET" for number, line in enumerate(lines)]
    stream = "\n".join(text)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    made, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(made))
        made += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    end += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(made)}\n%%EOF\n"
    return (made + end).encode("ascii")


def ring(stone: str, metal: str) -> bytes:
    """A drawing of a ring."""
    picture = Image.new("RGB", (640, 480), "#f4f1ea")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((190, 150, 450, 410), outline=metal, width=26)
    pen.polygon([(320, 60), (385, 110), (320, 190), (255, 110)], fill=stone, outline="#44403c", width=4)
    pen.line([(255, 110), (385, 110)], fill="#44403c", width=4)
    return _png(picture)


def id_card(side: str) -> bytes:
    """A drawing of a card that nobody could take for a real one."""
    picture = Image.new("RGB", (856, 540), "#dbe7dc")
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((8, 8, 848, 532), 32, outline="#6b8f71", width=6)
    pen.text((60, 44), f"SPECIMEN - {side}", fill="#3f5a44", font_size=44)
    if side == "FRONT":
        pen.rectangle((60, 140, 300, 460), fill="#b9cbbd")
        pen.ellipse((130, 190, 230, 300), fill="#8fae96")
        pen.pieslice((100, 310, 260, 600), 180, 360, fill="#8fae96")
    for row in range(4):
        pen.rectangle((350, 160 + 70 * row, 780 - 60 * row, 190 + 70 * row), fill="#c6d6c9")
    return _png(picture)


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.quantize(32).save(out, "PNG")
    return out.getvalue()


CERTIFICATE = pdf("Certificate of authenticity", (
    "Gold 585, hallmarked in our workshop.", "Stone: natural sapphire, 0.42 ct, oval cut.",
    "Weight of the whole piece: 3.2 g.", "", "Please keep this certificate with your jewel.",
))  # fmt: skip
CONTRACT = pdf("Agreement on work", (
    "1. The workshop makes the piece as drawn in the appendix.", "2. The client pays 30 % in advance.",
    "3. Gold of the client is weighed in the client's presence.", "4. The piece is ready within six weeks.",
))  # fmt: skip
MEASURES = b"Ring size: 54\nWrist: 16.5 cm\nNecklace: 45 cm\nAllergic to nickel: no\n"
PRICES = b"piece;metal;price\nring;gold 585;1290\nring;silver 925;340\npendant;gold 585;760\n"
