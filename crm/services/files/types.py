"""What an uploaded file is, by its content. What is not in the list of kinds is refused."""

import zipfile
from typing import IO

import puremagic
from flask_babel import gettext as _

from crm.errors import RuleError
from crm.models.file_kinds import FILE_KINDS, OPEN_DOCUMENT, ending_of

HEAD = 8 * 1024
ZIP, OLE = "PK", "old office"
#: In a ZIP archive of this folder is a document of this kind.
OPEN_XML = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
#: Archives with these names inside carry programs.
MACROS = ("vbaproject.bin", "meta-inf/manifest.mf")
#: By the ending of their names, since their content looks alike.
OLD_OFFICE = ("doc", "xls", "ppt", "msg")
TEXTS = ("txt", "csv", "tsv", "md", "log", "xml", "eml", "ics", "vcf")
#: How a text begins that a browser or a server would run.
ACTIVE = ("<!doctype html", "<html", "<head", "<body", "<script", "<svg", "<?php", "<?=", "<%", "#!")
BY_ENDING = {ending: type for type, kind in FILE_KINDS.items() for ending in kind.endings}


def type_of(content: IO[bytes], name: str, field: str | None) -> str:
    """The content type of a file, `image/*` for pictures. Raises RuleError for what is not taken."""
    content.seek(0)
    head = content.read(HEAD)
    if not head:
        raise RuleError(_("“%(name)s” is empty.", name=name), field=field)
    ending = ending_of(name)
    found = None if ending in TEXTS and _is_text(head) else _by_magic(head)
    if found == ZIP:
        found = _in_archive(content)
    elif found == OLE:
        found = BY_ENDING[ending] if ending in OLD_OFFICE else None
    elif found is None:
        found = _as_text(head, ending)
    if found is None:
        raise RuleError(
            _("“%(name)s” is not a kind of file that is taken: documents, pictures, texts and ZIP archives are.",
              name=name), field=field)  # fmt: skip
    return found


def _by_magic(head: bytes) -> str | None:
    """What the first bytes say; None for what has no such mark."""
    try:
        found = {one.mime_type for one in puremagic.magic_string(head)}
    except puremagic.PureError:
        return None
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return ZIP
    if head.startswith(bytes.fromhex("D0CF11E0A1B11AE1")):
        return OLE
    # a list that begins with "BMW" is no bitmap
    if not _is_text(head) and any(one.startswith("image/") for one in found):
        return "image/*"
    return next((type for type in ("application/pdf", "application/rtf") if type in found), None)


def _in_archive(content: IO[bytes]) -> str | None:
    content.seek(0)
    try:
        with zipfile.ZipFile(content) as archive:
            names = [name.lower() for name in archive.namelist()]
            if any(name.endswith(MACROS) for name in names):
                return None
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 100:
                said = archive.read("mimetype").decode("ascii", "replace").strip()
                return said if said in FILE_KINDS and said.startswith(OPEN_DOCUMENT) else None
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, NotImplementedError, RuntimeError):
        return None
    if "[content_types].xml" in names:
        for folder, ending in OPEN_XML.items():
            if any(name.startswith(folder) for name in names):
                return BY_ENDING[ending]
    return "application/zip"


def _as_text(head: bytes, ending: str) -> str | None:
    if (ending and ending not in TEXTS) or not _is_text(head):
        return None
    begins = head.decode("latin-1").removeprefix("ï»¿").lstrip().lower()
    after_declaration = begins.partition("?>")[2].lstrip() if begins.startswith("<?xml") else begins
    if after_declaration.startswith(ACTIVE) or begins.startswith(ACTIVE):
        return None
    return BY_ENDING.get(ending, "text/plain")


def _is_text(head: bytes) -> bool:
    return head.startswith((b"\xff\xfe", b"\xfe\xff")) or not any(byte < 9 for byte in head)
