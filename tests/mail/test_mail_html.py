"""The HTML of mails: nothing in it runs, loads anything or leaves its frame; and what it says, as text."""

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.models.mail_html import (
    ATTRIBUTES,
    OWN_PICTURE,
    STYLES,
    TAGS,
    clean_html,
    has_remote_pictures,
    text_of_html,
)

URLS = st.sampled_from([
    "http://evil.example/x.png", "//evil.example/x", "javascript:alert(1)",
    " JaVaScRiPt:alert(1)", "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>", "data:image/svg+xml;base64,PHN2Zz4=",
    "data:image/png;base64,iVBORw0KGgo=",
    "cid:logo", "mailto:a@b.example", "vbscript:x", "&#106;avascript:alert(1)", "https://good.example/",
])  # fmt: skip
NAMES = st.sampled_from([
    "src", "href", "style", "onclick", "onerror", "background", "srcset", "action", "formaction", "poster",
    "data", "xlink:href",
    "ping", "class", "id", "srcdoc", "title", "width", "bgcolor", "http-equiv", "content",
])  # fmt: skip
VALUES = st.one_of(
    URLS, st.text(max_size=12), URLS.map(lambda url: f"background-image:url({url});color:red"),
    URLS.map(lambda url: f"background:u\\72l('{url}')"), st.just("position:fixed;top:0"),
    st.just("width:expression(alert(1))"), st.just("@import 'http://evil.example/x.css'"),
)  # fmt: skip
ELEMENTS = st.sampled_from([
    "p", "div", "img", "a", "script", "style", "iframe", "object", "embed", "form", "input", "svg", "math",
    "link", "meta", "base",
    "table", "td", "font", "video", "audio", "source", "body", "html", "noscript", "template", "title",
    "textarea", "button",
])  # fmt: skip


@st.composite
def markup(draw: Any, depth: int = 3) -> str:
    """Markup as a hostile sender might write it: broken, nested, with whatever attributes."""
    if depth == 0 or draw(st.booleans()):
        return draw(
            st.one_of(
                st.text(max_size=20),
                st.sampled_from(["<!--", "-->", "<![CDATA[", "]]>", "<", "</p", "&lt;script&gt;"]),
            )
        )
    name = draw(ELEMENTS)
    attributes = "".join(
        f" {key}={quote}{value}{quote}"
        for key, value in draw(st.lists(st.tuples(NAMES, VALUES), max_size=4))
        for quote in [draw(st.sampled_from(['"', "'", ""]))]
    )
    inside = "".join(draw(st.lists(markup(depth=depth - 1), max_size=3)))
    end = f"</{name}>" if draw(st.booleans()) else ""
    return f"<{name}{attributes}>{inside}{end}"


class Reader(HTMLParser):
    """The elements and attributes that a browser would find."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


@settings(max_examples=120, deadline=None)
@given(markup())
def test_nothing_dangerous_survives(text: str) -> None:
    clean = clean_html(text)
    for tag, attributes in Reader(clean).found:
        assert tag in TAGS
        for name, value in attributes.items():
            assert name in ATTRIBUTES["*"] | ATTRIBUTES.get(tag, set()) | {"rel", "target"}
            bare = "".join(value.split()).lower()
            assert not bare.startswith(("javascript:", "vbscript:", "data:text"))
            if name == "src":
                assert OWN_PICTURE.fullmatch(value)
            elif name == "style":
                assert "url(" not in bare and "\\" not in bare and "expression" not in bare
                assert {part.partition(":")[0].strip() for part in value.split(";") if part.strip()} <= STYLES
            elif name == "href":
                assert (
                    bare.startswith(("http://", "https://", "mailto:", "tel:", "/", "#", "?", "cid", "."))
                    or ":" not in bare.split("/")[0]
                )
    assert Reader(clean_html(clean)).found == Reader(clean).found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<p onclick='x()'>Hi <b>there</b></p>", "<p>Hi <b>there</b></p>"),
        ("<script>alert(1)</script><p>a</p>", "<p>a</p>"),
        ("<style>p{color:red}</style>a", "a"),
        ("<form action='/x'><input name=a>ask</form>", "ask"),
        ("<iframe src='http://x'></iframe>", ""),
        ('<img src="http://x.example/p.png" alt="logo">', '<img alt="logo">'),
        ('<p style="width:expression(alert(1))">x</p>', "<p>x</p>"),
        ('<div style="color: red; position: fixed">x</div>', '<div style="color:red">x</div>'),
        ('<table background="http://x.example/p.png"><tr><td>1</td></tr></table>',
         "<table><tbody><tr><td>1</td></tr></tbody></table>"),
    ],
)  # fmt: skip
def test_what_is_left(text: str, shown: str) -> None:
    assert clean_html(text) == shown


def test_pictures_of_the_mail_itself_stay() -> None:
    picture = '<img src="data:image/png;base64,iVBORw0KGgo=" alt="ring">'
    assert clean_html(picture) == picture
    assert not has_remote_pictures(picture)
    assert has_remote_pictures('<p><img alt="" src="https://x.example/pixel.gif">')


def test_the_text_of_a_mail() -> None:
    text = "<html><head><title>no</title></head><body><p>Hello&nbsp;Ewa,<br>the ring &amp; the box</p>"
    text += "<ul><li>one</li><li>two</li></ul></body>"
    assert text_of_html(text) == "Hello Ewa,\nthe ring & the box\none\ntwo"
    assert text_of_html("<script>x</script>") == ""
