"""The kinds of files that are kept: content type -> words, and the endings of their names, the usual one first."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _


@dataclass(frozen=True)
class FileKind:
    words: Any
    endings: tuple[str, ...]


_OPEN_XML = "application/vnd.openxmlformats-officedocument."
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."

FILE_KINDS: dict[str, FileKind] = {
    "application/pdf": FileKind(_("PDF"), ("pdf",)),
    "image/jpeg": FileKind(_("JPEG picture"), ("jpg", "jpeg", "jpe", "jfif")),
    "image/png": FileKind(_("PNG picture"), ("png",)),
    "image/webp": FileKind(_("WebP picture"), ("webp",)),
    "image/gif": FileKind(_("GIF picture"), ("gif",)),
    "image/tiff": FileKind(_("TIFF picture"), ("tif", "tiff")),
    f"{_OPEN_XML}wordprocessingml.document": FileKind(_("Word document"), ("docx",)),
    f"{_OPEN_XML}spreadsheetml.sheet": FileKind(_("Excel workbook"), ("xlsx",)),
    f"{_OPEN_XML}presentationml.presentation": FileKind(_("PowerPoint presentation"), ("pptx",)),
    "application/msword": FileKind(_("Word document (old)"), ("doc",)),
    "application/vnd.ms-excel": FileKind(_("Excel workbook (old)"), ("xls",)),
    "application/vnd.ms-powerpoint": FileKind(_("PowerPoint presentation (old)"), ("ppt",)),
    "application/vnd.ms-outlook": FileKind(_("Outlook e-mail"), ("msg",)),
    f"{OPEN_DOCUMENT}text": FileKind(_("OpenDocument text"), ("odt",)),
    f"{OPEN_DOCUMENT}spreadsheet": FileKind(_("OpenDocument spreadsheet"), ("ods",)),
    f"{OPEN_DOCUMENT}presentation": FileKind(_("OpenDocument presentation"), ("odp",)),
    "application/rtf": FileKind(_("Rich text"), ("rtf",)),
    "application/zip": FileKind(_("ZIP archive"), ("zip",)),
    "application/xml": FileKind(_("XML"), ("xml",)),
    "message/rfc822": FileKind(_("E-mail"), ("eml",)),
    "text/calendar": FileKind(_("Calendar entry"), ("ics",)),
    "text/csv": FileKind(_("CSV table"), ("csv", "tsv")),
    "text/vcard": FileKind(_("Business card"), ("vcf",)),
    "text/plain": FileKind(_("Text"), ("txt", "md", "log")),
}
#: The pictures, which are decoded and encoded anew, by their format as Pillow calls it.
PICTURES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif",
            "TIFF": "image/tiff"}  # fmt: skip


def ending_of(name: str) -> str:
    """What follows the last dot of a file's name, in small letters; nothing where there is none."""
    stem, dot, ending = name.rpartition(".")
    return ending.lower() if dot and stem else ""


def with_ending(name: str, content_type: str) -> str:
    """A file's name with an ending that says what it is."""
    endings = FILE_KINDS[content_type].endings
    ending = ending_of(name)
    if ending in endings:
        return name
    known = {one for kind in FILE_KINDS.values() for one in kind.endings}
    stem = name[: -len(ending) - 1] if ending in known else name
    return f"{stem}.{endings[0]}"
