"""Every table of ClickHouse: rows by the key that they are sealed under, texts for names in clear."""

from __future__ import annotations

from collections.abc import Sequence

from clickhouse_connect.driver.client import Client

from runtime.erasing.search import PartSearch, Seen

_COLUMNS = """
SELECT table, groupArray(name), groupArray(type) FROM system.columns
WHERE database = currentDatabase() AND table NOT IN (
    SELECT name FROM system.tables
    WHERE database = currentDatabase() AND (engine LIKE '%View' OR engine = 'Dictionary')
)
GROUP BY table ORDER BY table
"""
_PARTS = """
SELECT phi_key_id, count() FROM {table:Identifier}
WHERE arrayStringConcat(arrayPopBack(splitByChar('/', phi_key_id)), '/') IN {subjects:Array(String)}
GROUP BY phi_key_id
"""


def search_clickhouse(client: Client, search: PartSearch) -> dict[str, Seen]:
    """By table what was found. Raises ClickHouse's own errors."""
    found: dict[str, Seen] = {}
    for table, names, types in client.query(_COLUMNS).result_rows:
        seen = found[str(table)] = Seen()
        counted = client.query("SELECT count() FROM {table:Identifier}", parameters={"table": table})
        seen.examined = int(counted.result_rows[0][0])
        if "phi_key_id" in names:
            asked = {"table": table, "subjects": list(search.subjects)}
            for key_id, count in client.query(_PARTS, parameters=asked).result_rows:
                search.judge(str(key_id), int(count), seen, f"table {table}")
        texts = [name for name, kind in zip(names, types, strict=True) if "String" in kind]
        if search.knows_names and texts:
            seen.in_clear = _in_clear(client, str(table), texts, search)
            if seen.in_clear:
                seen.point_at(f"table {table}: in clear")
    return found


def _in_clear(client: Client, table: str, columns: Sequence[str], search: PartSearch) -> int:
    """Rows in which a name stands by itself."""
    texts = sorted({needle.decode("utf-8", "ignore") for needle in search.needles} - {""})
    patterns = [f"(^|[^0-9A-Za-z]){_quoted(text)}($|[^0-9A-Za-z])" for text in texts if "\0" not in text]
    held = " OR ".join(f"multiMatchAny(toString(`{name}`), {{patterns:Array(String)}})" for name in columns)
    asked = {"table": table, "patterns": patterns}
    sql = f"SELECT count() FROM {{table:Identifier}} WHERE {held}"  # noqa: S608 - columns of our own tables
    return int(client.query(sql, parameters=asked).result_rows[0][0])


def _quoted(text: str) -> str:
    """The text as a regular expression, byte by byte where it is not a letter or digit."""
    return "".join(one if one.isalnum() and one.isascii() else f"\\x{{{ord(one):x}}}" for one in text)
