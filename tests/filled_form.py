"""The form of a page as a browser would send it."""

from html.parser import HTMLParser
from typing import Any


class FilledForm(HTMLParser):
    """What the page's main form holds: name -> values, in order."""

    def __init__(self, page: str, form_class: str = "crm-form"):
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self._form_class, self._inside = form_class, False
        self._select: str | None = None
        self._options: list[tuple[str, bool]] = []
        self._several = False
        self._textarea: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, found: list[tuple[str, str | None]]) -> None:
        given = dict(found)
        if tag == "form":
            self._inside = self._form_class in (given.get("class") or "")
        if not self._inside:
            return
        name = given.get("name")
        if tag == "input" and name:
            kind = given.get("type", "text")
            if kind == "file" or (kind in ("checkbox", "radio") and "checked" not in given):
                return
            self.values.setdefault(name, []).append(given.get("value") or "")
        elif tag == "select":
            self._select, self._options, self._several = name, [], "multiple" in given
        elif tag == "option" and self._select:
            self._options.append((given.get("value") or "", "selected" in given))
        elif tag == "textarea" and name:
            self._textarea = name
            self.values.setdefault(name, []).append("")

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.values[self._textarea][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._textarea:
            # a browser drops the first line break
            self.values[self._textarea][-1] = (
                self.values[self._textarea][-1].lstrip("\r\n").replace("\n", "\r\n")
            )
            self._textarea = None
        elif tag == "select" and self._select:
            chosen = [value for value, selected in self._options if selected]
            if not chosen and not self._several:
                chosen = [value for value, _selected in self._options[:1]]
            self.values.setdefault(self._select, []).extend(chosen)
            self._select = None
        elif tag == "form":
            self._inside = False

    def change(self, **changes: Any) -> dict[str, list[str]]:
        """What is sent after these changes: a text, a list of several, or None for an unticked box."""
        values = dict(self.values)
        for name, value in changes.items():
            if value is None:
                values.pop(name, None)
            else:
                values[name] = value if isinstance(value, list) else [value]
        return values


def opened(browser: Any, url: str) -> FilledForm:
    """The form that a browser sees at an address."""
    answer = browser.get(url)
    assert answer.status_code == 200, answer.text
    return FilledForm(answer.text)
