"""The examples in docs/api.md, in their order, as they stand there."""

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.api.conftest import Caller

DOCS = Path(__file__).parent.parent.parent / "docs/api.md"


def examples() -> list[list[str]]:
    """The words of each curl command."""
    text = DOCS.read_text().replace("\\\n", "")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.strip().splitlines()]


def test_they_work(app: Any, make_key: Any) -> None:
    key, answers = make_key("office"), []
    for words in examples():
        assert words[:2] == ["curl", "-s"]
        options = dict(pairwise(words))
        url = next(word for word in words if word.startswith("$CRM"))[4:]
        said = [words[n + 1].split(": ", 1) for n, word in enumerate(words) if word == "-H"]
        headers = {name: value.replace("$KEY", key) for name, value in said}
        sent = json.loads(options["-d"]) if "-d" in options else None
        caller = Caller(app, headers.pop("Authorization", ""))
        answer = caller(options.get("-X", "POST" if sent else "GET"), url, sent, headers)
        assert answer.status_code < 300, (words, answer.text)
        answers.append(answer.json)
    assert answers[0]["openapi"] and "access_token" in answers[1]
    assert [one["created"] for one in answers[3]["results"]] == [False, True]
    assert answers[6]["count"] == 1 and answers[7]["next"] is None and len(answers[7]["ids"]) == 2
    assert answers[9]["changed"] == 2 and answers[10]["id"] == 1
