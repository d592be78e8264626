"""The XML of WebDAV: what was asked, read; answers, written as text, since a listing has many thousands of lines.

Names are written as lxml does, `{namespace}name`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import NoReturn
from xml.sax.saxutils import escape, quoteattr

from flask import Response, abort
from lxml import etree

DAV, CARD, SERVER = "DAV:", "urn:ietf:params:xml:ns:carddav", "http://calendarserver.org/ns/"
PREFIXES = {DAV: "D", CARD: "C", SERVER: "S"}
CONTENT_TYPE = "application/xml; charset=utf-8"
HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
#: Some phones ask for thirty properties.
MOST_PROPERTIES = 100
#: So many answers are sent at once.
PORTION = 100
#: Characters that XML cannot hold, not even escaped.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
SPACES = "".join(f' xmlns:{prefix}="{space}"' for space, prefix in PREFIXES.items())


def d(name: str) -> str:
    """The full name of an element of WebDAV."""
    return f"{{{DAV}}}{name}"


def c(name: str) -> str:
    """The full name of an element of CardDAV."""
    return f"{{{CARD}}}{name}"


def read(body: bytes) -> etree._Element | None:
    """The root of a document, None for an empty one. Refuses with 400 what is no XML, or has a DTD."""
    if not body.strip():
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        abort(400)
    if root.getroottree().docinfo.doctype:
        abort(400)
    return root


def children(element: etree._Element) -> list[etree._Element]:
    """The elements in an element, without processing instructions."""
    return [child for child in element if isinstance(child.tag, str)]


@lru_cache(256)
def _tag(name: str) -> tuple[str, str]:
    """What begins and what ends an element."""
    found = etree.QName(name)
    if prefix := PREFIXES.get(found.namespace or ""):
        return f"{prefix}:{found.localname}", f"</{prefix}:{found.localname}>"
    return f"{found.localname} xmlns={quoteattr(found.namespace or '')}", f"</{found.localname}>"


def element(name: str, inner: str = "", **attributes: str) -> str:
    """An element as text; inner is XML already."""
    begins, ends = _tag(name)
    given = "".join(f" {key.replace('_', '-')}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{begins}{given}>{inner}{ends}" if inner else f"<{begins}{given}/>"


def escaped(value: str) -> str:
    """A text as XML; its line ends are kept as they are."""
    return escape(FORBIDDEN.sub("", value), {"\r": "&#13;"})


def href(address: str) -> str:
    """An address as an element."""
    return element(d("href"), escaped(address))


class Answers:
    """Writes what is known of resources, as far as a question asks for it.

    question: its `prop` names properties; without one, those of WebDAV are meant, or with `propname` their names.
    """

    def __init__(self, question: etree._Element | None):
        prop = None if question is None else question.find(d("prop"))
        self.wanted = None if prop is None else tuple(dict.fromkeys(str(one.tag) for one in children(prop)))
        if self.wanted and len(self.wanted) > MOST_PROPERTIES:
            # each is answered for each card
            abort(400)
        self.names_only = question is not None and question.find(d("propname")) is not None
        self._missing: dict[tuple[str, ...], str] = {}

    def wants(self, *names: str) -> bool:
        """Whether any of these properties is asked for by its name."""
        return self.wanted is not None and not set(names).isdisjoint(self.wanted)

    def of(self, address: str, known: Mapping[str, str]) -> str:
        """The answer about one resource. known: property -> its contents, as XML."""
        wanted = self.wanted
        if wanted is None:
            wanted = tuple(
                known if self.names_only else (one for one in known if one.startswith(f"{{{DAV}}}"))
            )
        has = "".join(
            element(name, "" if self.names_only else known[name]) for name in wanted if name in known
        )
        lacks = tuple(name for name in wanted if name not in known)
        found = _properties(has, "200 OK") if has or not lacks else ""
        return element(d("response"), href(address) + found + self._not_found(lacks))

    def _not_found(self, names: tuple[str, ...]) -> str:
        """Most resources lack the same, so that it is written once."""
        if names and names not in self._missing:
            self._missing[names] = _properties("".join(map(element, names)), "404 Not Found")
        return self._missing[names] if names else ""


def _properties(inner: str, status: str) -> str:
    return element(d("propstat"), element(d("prop"), inner) + _status(status))


def _status(status: str) -> str:
    return element(d("status"), f"HTTP/1.1 {status}")


def failed(address: str, status: str, condition: str = "") -> str:
    """An answer about one resource that cannot be had."""
    why = element(d("error"), element(condition)) if condition else ""
    return element(d("response"), href(address) + _status(status) + why)


def multistatus(answers: Iterable[str], more: str = "") -> Iterator[str]:
    """A whole answer, in parts. more: what stands behind the resources."""
    yield f"{HEAD}<D:multistatus{SPACES}>"
    left = iter(answers)
    while some := "".join(islice(left, PORTION)):
        yield some
    yield f"{more}</D:multistatus>"


def refuse(status: int, condition: str, inner: str = "") -> NoReturn:
    """End the request with the condition that was not met."""
    error = f"<D:error{SPACES}>{element(condition, inner)}</D:error>"
    abort(Response(HEAD + error, status, content_type=CONTENT_TYPE))
