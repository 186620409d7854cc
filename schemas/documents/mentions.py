"""Where the rooms' source names events. It is read as text: this room imports none of the others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from schemas.contracts import event_contracts
from schemas.documents.errors import Undocumented

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("producers", "processors", "sinks", "dashboards", "runtime")
# To ask what something is, is not to say it.
_QUESTIONS = frozenset({"isinstance", "issubclass", "type"})


@cache
def _names() -> frozenset[str]:
    return frozenset(contract["name"] for contract in event_contracts())


def modules() -> list[str]:
    """Every module of the rooms, as its path below the root."""
    found = (path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text("utf-8"), module)


def constructed(module: str) -> frozenset[str]:
    """The events of which the module calls the class."""
    calls = (node.func for node in ast.walk(_tree(module)) if isinstance(node, ast.Call))
    return frozenset(name for func in calls if (name := _name(func)) in _names())


def offered(module: str) -> frozenset[str]:
    """The events that the module constructs, hands on, or holds in a variable or collection."""
    return constructed(module) | frozenset(_offers(_tree(module)))


@cache
def named(module: str, variable: str) -> frozenset[str]:
    """The events that the module's `variable` names, by class or as text. Raises Undocumented without it."""
    for statement in _tree(module).body:
        if variable in _assigned(statement):
            return frozenset(name for node in ast.walk(statement) if (name := _name(node)) in _names())
    raise Undocumented(f"{module} has no {variable}: see LISTENERS in schemas/documents/listeners.py")


def _assigned(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.AnnAssign):
        return [_name(statement.target)]
    return [_name(target) for target in statement.targets] if isinstance(statement, ast.Assign) else []


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _offers(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        for value in _values(node):
            if isinstance(value, ast.Name | ast.Attribute) and (name := _name(value)) in _names():
                yield name


def _values(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return node.elts
    if isinstance(node, ast.Dict):
        return node.values
    if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in _QUESTIONS):
        return node.args
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.Return) and node.value is not None:
        return [node.value]
    return []
