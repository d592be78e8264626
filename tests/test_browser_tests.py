"""Browser tests wait for what an action leads to: on a slow machine all else is a race."""

import ast
from collections.abc import Iterator
from pathlib import Path

FILES = sorted(Path("tests/browser").glob("test_*.py"))
#: What answers at once, whatever is still under way: `expect(…)` asks the same until it is so.
AT_ONCE = {
    "all_inner_texts", "all_text_contents", "inner_html", "inner_text", "input_value", "is_checked", "is_disabled",
    "is_enabled", "is_hidden", "is_visible", "text_content", "wait_for_timeout",
}  # fmt: skip
#: They move a mouse and a finger as slowly as people do.
BY_HAND = {"drag", "touch_drag"}
ACTIONS = {"click", "dblclick", "press", "tap"}
LEAVES = {"go_back", "goto", "reload"}
LOOKS_INTO_THE_DATABASE = {"app_context", "system"}


def called(node: ast.AST | None) -> str:
    """The name of the function or method that this calls."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def functions(file: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name not in BY_HAND:
            yield node


def judges(then: ast.stmt) -> bool:
    """Whether this is true or false, or another page, before the answer to an action has come."""
    if isinstance(then, ast.With):
        return called(then.items[0].context_expr) in LOOKS_INTO_THE_DATABASE
    return isinstance(then, ast.Assert) or (isinstance(then, ast.Expr) and called(then.value) in LEAVES)


def gone(statement: ast.stmt) -> bool:
    """Whether this waits for something not to be there: so it is, too, while the next page is awaited."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call):
        return False
    if called(call) == "wait_for":
        return any(ast.literal_eval(word.value) in ("detached", "hidden") for word in call.keywords)
    none = called(call) == "to_have_count" and ast.unparse(call.args[0]) == "0"
    return none or called(call) == "to_be_hidden" or called(call).startswith("not_to_")


def unanswered(block: list[ast.stmt]) -> Iterator[int]:
    """Lines that judge while the answer to the action before them may still be on its way."""
    acted = False
    for each in block:
        if acted and judges(each):
            yield each.lineno
        acted = (acted and gone(each)) or (isinstance(each, ast.Expr) and called(each.value) in ACTIONS)


def test_no_page_is_read_at_once() -> None:
    found = [
        f"{file.name}:{node.lineno} {called(node)}"
        for file in FILES
        for function in functions(file)
        for node in ast.walk(function)
        if called(node) in AT_ONCE
        or (called(node) == "count" and isinstance(node, ast.Call) and not node.args)
    ]
    assert found == []


def test_the_answer_to_an_action_is_waited_for() -> None:
    found = []
    for file in FILES:
        for function in functions(file):
            for node in ast.walk(function):
                if isinstance(node, ast.With) and called(node.items[0].context_expr).startswith("expect_"):
                    continue
                block = getattr(node, "body", None)
                if isinstance(block, list):
                    found += [f"{file.name}:{line}" for line in unanswered(block)]
    assert found == []
