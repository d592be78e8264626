"""What an uploaded file is taken for, and what is not taken."""

import io
from typing import Any

import pytest
from flask import Flask
from PIL import ExifTags, Image

from crm.errors import RuleError, TooLarge
from crm.services.files.uploads import Upload, plain_name, prepare
from tests.files.samples import OLE, PDF, archive, docx, picture


@pytest.fixture(autouse=True)
def _in_app(app: Flask) -> Any:
    with app.app_context():
        yield


def taken(content: bytes, name: str) -> Upload:
    return prepare(io.BytesIO(content), name)


@pytest.mark.parametrize(
    ("content", "name", "type", "kept_as"),
    [
        (PDF, "a.pdf", "application/pdf", "a.pdf"),
        (PDF, "a", "application/pdf", "a.pdf"),
        (PDF, "a.jpg", "application/pdf", "a.pdf"),
        (PDF, "report.final", "application/pdf", "report.final.pdf"),
        (picture("PNG"), "scan.jpeg", "image/png", "scan.png"),
        (picture("JPEG"), "Żółw.JPG", "image/jpeg", "Żółw.JPG"),
        (picture("WEBP"), "a.webp", "image/webp", "a.webp"),
        (picture("GIF"), "a.gif", "image/gif", "a.gif"),
        (picture("TIFF"), "a.tif", "image/tiff", "a.tif"),
        (
            docx(),
            "a.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "a.docx",
        ),
        (
            archive("[Content_Types].xml", "xl/workbook.xml"),
            "a.zip",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "a.xlsx",
        ),
        (
            archive("mimetype", "content.xml", mimetype=b"application/vnd.oasis.opendocument.text"),
            "a.odt",
            "application/vnd.oasis.opendocument.text",
            "a.odt",
        ),
        (archive("a.txt"), "a.zip", "application/zip", "a.zip"),
        (OLE, "a.xls", "application/vnd.ms-excel", "a.xls"),
        (b"{\\rtf1\\ansi hello}", "a.rtf", "application/rtf", "a.rtf"),
        (b"BMW; 1 ring", "cars.csv", "text/csv", "cars.csv"),
        (b"BMW: 1 ring", "cars", "text/plain", "cars.txt"),
        ("Zażółć gęślą jaźń".encode("cp1250"), "a.txt", "text/plain", "a.txt"),
        (b"From: a@b.example\n\nHello", "a.eml", "message/rfc822", "a.eml"),
        (b"<?xml version='1.0'?><Invoice/>", "a.xml", "application/xml", "a.xml"),
    ],
)
def test_the_content_says_what_it_is(content: bytes, name: str, type: str, kept_as: str) -> None:
    upload = taken(content, name)
    assert (upload.type, upload.name) == (type, kept_as)
    assert upload.size == len(upload.content.read())


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "empty.pdf"),
        (b"<!DOCTYPE html><p>hi", "a.html"),
        (b"<!DOCTYPE html><p>hi", "a.txt"),
        (b"<p>hi</p>", "a.html"),
        (b"  <svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "a.xml"),
        (b"<?php echo 1;", "a.php"),
        (b"<?php echo 1;", "a.txt"),
        (b"#!/bin/sh\nrm -rf /", "a.txt"),
        (b"alert(1)", "a.js"),
        (b"MZ" + bytes(200), "a.exe"),
        (b"MZ" + bytes(200), "a.pdf"),
        (b"\x7fELF" + bytes(200), "a"),
        (OLE, "a.exe"),
        (archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "a.docx"),
        (archive("META-INF/MANIFEST.MF"), "a.zip"),
        (archive("mimetype", mimetype=b"application/pdf"), "a.pdf"),
        (b"PK\x03\x04" + bytes(40), "broken.zip"),
        (picture("PNG")[:60], "broken.png"),
        (picture("BMP"), "a.bmp"),
    ],
)
def test_what_is_not_taken_is_said(content: bytes, name: str) -> None:
    with pytest.raises(RuleError) as refused:
        taken(content, name)
    assert refused.value.errors["file"][0]


def test_a_file_that_is_too_large(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "CRM_UPLOAD_LIMIT_MB", 1)
    assert taken(PDF + bytes(1024**2 - len(PDF)), "a.pdf").size == 1024**2
    with pytest.raises(TooLarge, match="at most 1 MB"):
        taken(PDF + bytes(1024**2), "a.pdf")


def test_a_picture_with_too_many_pixels_is_not_even_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.services.files.pictures.MOST_PIXELS", 1000)
    with pytest.raises(RuleError, match="too many pixels"):
        taken(picture(size=(60, 40)), "a.png")


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG", "TIFF"])
def test_a_picture_loses_what_stood_beside_it(kind: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Camera of Jan"
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.ImageDescription] = "at home"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (50.0, 3.0, 1.0)
    before = picture(kind, (60, 40), exif=exif)
    assert b"Camera of Jan" in before
    upload = taken(before, "a")
    after = upload.content.read()
    assert b"Camera" not in after and b"at home" not in after
    with Image.open(io.BytesIO(after)) as made:
        assert made.size == (40, 60)
        assert not dict(made.getexif()).keys() & {ExifTags.Base.Make, ExifTags.Base.GPSInfo}
    assert upload.thumbnail is not None
    with Image.open(io.BytesIO(upload.thumbnail)) as small:
        assert small.format == "WEBP" and small.size == (40, 60)


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP"])
def test_all_frames_and_pages_stay(kind: str) -> None:
    pages = [Image.new("RGB", (30, 20), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    pages[0].save(out, kind, save_all=True, append_images=pages[1:])
    with Image.open(taken(out.getvalue(), "a").content) as made:
        assert made.n_frames == 3


def test_a_large_picture_has_a_small_one() -> None:
    upload = taken(picture("JPEG", (3000, 1500)), "a.jpg")
    assert upload.thumbnail is not None
    with Image.open(io.BytesIO(upload.thumbnail)) as small:
        assert small.size == (320, 160)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("C:\\Users\\jan\\umowa.pdf", "umowa.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("gpj.\u202efdp", "gpj.fdp"),
        (" . ", "File"),
        (None, "File"),
        ("a" * 300 + ".pdf", "a" * 196 + ".pdf"),
    ],
)
def test_names_are_only_names(name: str | None, plain: str) -> None:
    assert plain_name(name) == plain
