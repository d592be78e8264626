"""The HTML of mails, made safe: nothing in it runs, loads anything or leaves its frame."""

import html
import re

import nh3

TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "code", "col", "colgroup", "dd", "del", "div", "dl",
    "dt", "em", "figcaption", "figure", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li",
    "ol", "p", "pre", "q", "s", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot",
    "th", "thead", "tr", "u", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "*": {"align", "dir", "lang", "style", "title", "valign"},
    "a": {"href"},
    "col": {"span", "width"},
    "font": {"color", "face", "size"},
    "img": {"alt", "height", "src", "width"},
    "ol": {"start", "type"},
    "table": {"bgcolor", "border", "cellpadding", "cellspacing", "width"},
    "td": {"bgcolor", "colspan", "height", "rowspan", "width"},
    "th": {"bgcolor", "colspan", "height", "rowspan", "width"},
    "tr": {"bgcolor"},
}
#: What a style may set: looks, and nothing that lies over other things or loads a picture.
STYLES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-right",
    "border-spacing", "border-style", "border-top", "border-width", "color", "font", "font-family", "font-size",
    "font-style", "font-weight", "height", "letter-spacing", "line-height", "list-style-type", "margin",
    "margin-bottom", "margin-left", "margin-right", "margin-top", "max-width", "padding", "padding-bottom",
    "padding-left", "padding-right", "padding-top", "text-align", "text-decoration", "text-indent", "vertical-align",
    "white-space", "width", "word-break",
}  # fmt: skip
SCHEMES = {"http", "https", "mailto", "tel", "data"}
#: Pictures that stand in the mail itself.
OWN_PICTURE = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]+")
#: What in a style loads a picture, runs in old browsers, or hides either behind an escape.
LOADS_OR_RUNS = re.compile(r"url\s*\(|image\s*\(|expression|\\", re.IGNORECASE)
BREAKS = re.compile(r"<(?:br|/p|/div|/h[1-6]|/li|/tr|/blockquote|hr)\b[^>]*>", re.IGNORECASE)
REMOTE = re.compile(r"<img\b[^>]*?\bsrc\s*=\s*[\"']?\s*(?:https?:)?//", re.IGNORECASE)


def clean_html(text: str) -> str:
    """Mail HTML that is safe to show: no script, handler, form or frame, and pictures only from the mail itself."""
    return nh3.clean(
        text,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_harmless,
        filter_style_properties=STYLES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        clean_content_tags={"script", "style", "title"},
    )


def _harmless(tag: str, name: str, value: str) -> str | None:
    """An attribute's value as it may stand; None takes the attribute away."""
    if name == "src":
        return value if OWN_PICTURE.fullmatch(value.strip()) else None
    if name == "href" and value.strip().lower().startswith("data:"):
        return None
    if name == "style" and LOADS_OR_RUNS.search(value):
        return None
    return value


def has_remote_pictures(text: str | None) -> bool:
    """Whether a mail wanted to load pictures from elsewhere."""
    return REMOTE.search(text or "") is not None


def text_of_html(text: str) -> str:
    """What a mail says, as plain text."""
    marked = BREAKS.sub(lambda found: found.group() + "\n", " ".join(text.split()))
    bare = html.unescape(
        nh3.clean(marked, tags=set(), clean_content_tags={"script", "style", "title", "head"})
    )
    lines = (" ".join(line.split()) for line in bare.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
