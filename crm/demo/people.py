"""Names, phones and tax IDs of people and companies that do not exist."""

import random

from stdnum.pl import nip

from crm.demo import words


def full_name(chance: random.Random, country: str) -> tuple[str, str]:
    """A first and a last name that go together: in Polish a woman's ends in -ska."""
    woman = chance.random() < 0.5
    first = chance.choice((words.WOMEN if woman else words.MEN)[country])
    last = chance.choice(words.LAST_NAMES[country])
    if woman and last.endswith(("ski", "cki")):
        last = last[:-1] + "a"
    return first, last


def phone(chance: random.Random, country: str) -> str:
    """A mobile number as people of the country write it."""
    digits = "".join(str(chance.randint(0, 9)) for _ in range(6))
    if country == "PL":
        return f"+48 60{chance.randint(0, 9)} {digits[:3]} {digits[3:]}"
    return f"+32 47{chance.randint(0, 9)} {digits[:2]} {digits[2:4]} {digits[4:]}"


def tax_id(chance: random.Random, country: str) -> str:
    """A tax ID that its country's rule accepts."""
    if country == "BE":
        number = chance.randint(4_000_000, 9_999_999)
        return f"BE 0{number}{97 - number % 97:02d}"
    while True:
        digits = f"{chance.randint(101, 999)}{chance.randint(0, 999_999):06d}"
        check = nip.checksum(f"{digits}0")
        # it comes out as ten for one number in eleven, which nobody gets
        if check < 10:
            return f"PL {digits}{check}"
