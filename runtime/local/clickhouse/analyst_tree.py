"""Walking the tree of a statement: which tables, columns and functions it names. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from runtime.local.clickhouse.errors import ClickHouseError, refused

Node = dict[str, Any]

_STATEMENTS: Final = frozenset(
    {
        "SelectWithUnionQuery",
        "SelectIntersectExceptQuery",
        "ExplainQuery",
        "ShowTablesQuery",
        "ShowColumnsQuery",
    }
)
# Tables that tell of structure only: what clients list for their users. Not what others run (processes).
_METADATA: Final = frozenset(
    {
        "build_options", "columns", "data_type_families", "databases", "dictionaries", "formats", "functions",
        "keywords", "numbers", "one", "settings", "table_engines", "table_functions", "tables", "time_zones",
    }
)  # fmt: skip
_STANDARD: Final = "information_schema"
_TABLE_FUNCTIONS: Final = frozenset(
    {"numbers", "numbers_mt", "generateSeries", "generate_series", "values", "null", "zeros", "primes"}
)
# Functions that reach out of the statement: into files, other tables, other machines, the process.
_FUNCTIONS: Final = frozenset(
    {
        "file", "joinget", "joingetornull", "catboostevaluate", "showcertificate", "getclienthttpheader",
        "sleep", "sleepeachrow", "aigenerate", "aiclassify", "aiextract", "aitranslate", "aiembed",
        "aifilter", "airedact", "aisimilarity", "addresstoline",
        "addresstolinewithinlines", "addresstosymbol",
    }
)  # fmt: skip
_VIEW: Final = "v_"
_ASTERISKS: Final = frozenset(
    {"Asterisk", "QualifiedAsterisk", "ColumnsRegexpMatcher", "QualifiedColumnsRegexpMatcher"}
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What there is. `home`: the database of the views; `current`: the one that names without another are in.

    tables: of the home database. sealed_columns: ciphertext, and sealed_tables: who has it.
    """

    home: str
    current: str
    databases: frozenset[str]
    tables: frozenset[str]
    sealed_tables: frozenset[str]
    sealed_columns: frozenset[str]

    def check_table(self, parts: Sequence[str], named_inside: frozenset[str] = frozenset()) -> None:
        """Raises ClickHouseError 497 unless it is a view, metadata, or a subquery named in the statement."""
        if len(parts) == 1 and parts[0] in named_inside and parts[0] not in self.tables:
            return
        database, name = (self.current, parts[0]) if len(parts) == 1 else (parts[0], parts[-1])
        is_view = database == self.home and name in self.tables and name.startswith(_VIEW)
        is_metadata = database == "system" and name in _METADATA
        if len(parts) > 2 or not (is_view or is_metadata or database.lower() == _STANDARD):
            raise denied(f"{'.'.join(parts)!r}: the analyst reads the views of {self.home} (SHOW TABLES)")

    def may_be_column(self, parts: Sequence[str]) -> bool:
        """Whether a name at the right of IN is no table: then the engine looks for a column or an alias."""
        if len(parts) == 1:
            return self.current == self.home and parts[0] not in self.tables
        return parts[0] not in self.databases


@dataclass(slots=True)
class _Found:
    """What the walk came by."""

    named_inside: set[str] = field(default_factory=set)
    tables: list[list[str]] = field(default_factory=list)
    after_in: list[list[str]] = field(default_factory=list)
    columns: list[list[str]] = field(default_factory=list)
    open_asterisk: bool = False
    bound_names: bool = False


def denied(text: str) -> ClickHouseError:
    """Not enough privileges."""
    return refused(497, "ACCESS_DENIED", f"analyst: Not enough privileges. {text}")


def check_tree(tree: Node, catalogue: Catalogue) -> None:
    """Raises ClickHouseError 497 where the statement names what the analyst may not read."""
    if tree.get("type") not in _STATEMENTS:
        raise denied("The analyst may not run this kind of statement")
    found = _Found()
    _walk(tree, found, catalogue.sealed_columns)
    inside = frozenset(found.named_inside)
    for parts in found.tables:
        catalogue.check_table(parts, inside)
    for parts in found.after_in:
        if not catalogue.may_be_column(parts):
            catalogue.check_table(parts, inside)
    _check_columns(found, catalogue)


def _check_columns(found: _Found, catalogue: Catalogue) -> None:
    for parts in found.columns:
        if catalogue.sealed_columns.intersection(parts):
            raise denied("What is sealed cannot be read (phi_key_id, phi_nonce, phi_ciphertext)")
    sealed = sorted({parts[-1] for parts in (*found.tables, *found.after_in)} & catalogue.sealed_tables)
    if sealed and (found.open_asterisk or found.bound_names):
        columns = ", ".join(sorted(catalogue.sealed_columns))
        raise denied(f"{sealed[0]} has sealed columns: name those you need, or SELECT * EXCEPT ({columns})")


def _walk(node: Node, found: _Found, sealed: frozenset[str], *, counted: bool = False) -> None:
    kind = str(node.get("type", ""))
    if kind == "WithElement":
        found.named_inside.add(str(node.get("name", "")))
    elif kind == "TableExpression":
        _note_table_function(node.get("table_function"))
    elif kind == "TableIdentifier":
        found.tables.append(_parts(node))
    elif kind == "Function":
        _note_function(node, found)
    elif kind == "Identifier":
        found.columns.append(_parts(node))
    elif kind == "QueryParameter" and node.get("param_type") == "Identifier":
        found.bound_names = True
    elif kind in _ASTERISKS:
        found.open_asterisk |= not (counted or _leaves_out(node, sealed))
    if kind == "ColumnsExceptTransformer":
        return  # names in it are left out
    # count(*) counts rows.
    counts = node.get("name") == "count" if kind == "Function" else counted and kind == "ExpressionList"
    for child in _children(node):
        _walk(child, found, sealed, counted=counts)


def _note_table_function(function: Node | None) -> None:
    if function is not None and function.get("name") not in _TABLE_FUNCTIONS:
        raise denied(f"The analyst may not use the table function {function.get('name')!r}")


def _note_function(node: Node, found: _Found) -> None:
    name = str(node.get("name", "")).lower()
    if name in _FUNCTIONS or name.startswith("__"):
        raise denied(f"The analyst may not use the function {name!r}")
    if name.endswith(("in", "inignoreset")):
        arguments = list(_children(node.get("arguments", {})))
        if len(arguments) > 1 and arguments[1].get("type") in ("Identifier", "TableIdentifier"):
            found.after_in.append(_parts(arguments[1]))


def _leaves_out(node: Node, sealed: frozenset[str]) -> bool:
    """Whether a list of all columns is without all that is sealed."""
    left_out = {
        str(name.get("name", ""))
        for transformer in _children(node.get("transformers", {}))
        if transformer.get("type") == "ColumnsExceptTransformer"
        for name in _children(transformer)
    }
    return sealed <= left_out


def _parts(node: Node) -> list[str]:
    return [str(part) for part in node.get("name_parts") or [node.get("name", "")]]


def _children(node: Node | list[Any]) -> Iterator[Node]:
    for value in node.values() if isinstance(node, dict) else node:
        if isinstance(value, dict):
            yield value
        elif isinstance(value, list):
            yield from _children(value)
