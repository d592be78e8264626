"""The translations of the product: catalogues in `crm/translations`, compiled when they have changed."""

import os
from contextlib import suppress
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).resolve().parent / "translations"


def compile_catalogs(folder: Path = FOLDER) -> list[Path]:
    """Compile the catalogues that are newer than what was made of them; returns those that were.

    Processes that start together each write a whole file of their own and put it in place at once. Where the
    folder cannot be written, what is there is used.
    """
    compiled = []
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with suppress(OSError):
            draft = target.with_name(f".{target.name}.{os.getpid()}")
            with source.open("rb") as text, draft.open("wb") as out:
                write_mo(out, read_po(text, locale=source.parent.parent.name))
            draft.replace(target)
            compiled.append(target)
    return compiled
