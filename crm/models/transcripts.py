"""The transcript of a chat as single messages, read from what messengers export and what people paste."""

import re
from collections.abc import Collection
from dataclasses import dataclass

#: `[21.11.2026, 10:15:03] Anna: …`, `21/11/2026, 10:15 - Anna: …`, `10:15 Anna: …`, `Anna: …`
MESSAGE = re.compile(
    r"^\[?(?P<at>(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? )?\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]m)?)?\]?(?: ?[-–] )? ?"
    r"(?P<who>[^\W\d_][\w .'’\-]{0,40}): (?P<text>.*)$",
    re.IGNORECASE,
)
MOST = 2_000


@dataclass(frozen=True)
class Message:
    """One message. at: the time as it was written, or nothing. ours: whether one of us wrote it.

    follows: whether the same person wrote the one before.
    """

    who: str
    at: str
    text: str
    ours: bool
    follows: bool = False


def messages(transcript: str, us: Collection[str] = ()) -> list[Message]:
    """The messages of a transcript, in order; none where it is not written as messages.

    us: our names. Where none of them speaks, whoever spoke first is the client.
    """
    found: list[tuple[str, str, str]] = []
    for line in transcript.splitlines():
        read = MESSAGE.match(line.strip())
        if read:
            found.append((read["who"].strip(), read["at"] or "", read["text"]))
        elif found:
            who, at, text = found[-1]
            found[-1] = (who, at, f"{text}\n{line}".rstrip())
        elif line.strip():
            return []
    if len(found) > MOST:
        return []
    speakers = list(dict.fromkeys(who for who, _at, _text in found))
    ours = {who for who in speakers if who in us} or set(speakers[1:])
    before = [None, *(who for who, _at, _text in found)]
    return [
        Message(who, at, text, who in ours, who == last)
        for (who, at, text), last in zip(found, before, strict=False)
    ]
