"""Media types of ClickHouse's output formats."""

from __future__ import annotations

from typing import Final

DEFAULT_OUTPUT: Final = "TabSeparated"
_JSON_TYPE: Final = "application/json; charset=UTF-8"
_LINES_TYPE: Final = "application/x-ndjson; charset=UTF-8"
_TEXT_TYPE: Final = "text/plain; charset=UTF-8"
_TYPES: Final[dict[str, str]] = {
    "Native": "application/octet-stream",
    "Arrow": "application/octet-stream",
    "ArrowStream": "application/octet-stream",
    "Parquet": "application/octet-stream",
    "ORC": "application/octet-stream",
    "Avro": "application/octet-stream",
    "MsgPack": "application/octet-stream",
    "Protobuf": "application/octet-stream",
    "XML": "application/xml; charset=UTF-8",
    "Markdown": "text/markdown; charset=UTF-8",
}


def media_type(output_format: str) -> str:
    """The Content-Type of a result in this format."""
    if output_format in _TYPES:
        return _TYPES[output_format]
    if output_format.startswith("JSON"):
        return _LINES_TYPE if "EachRow" in output_format else _JSON_TYPE
    if output_format.startswith("CSV"):
        header = "present" if "Names" in output_format else "absent"
        return f"text/csv; charset=UTF-8; header={header}"
    if output_format.startswith(("TabSeparated", "TSV")):
        return "text/tab-separated-values; charset=UTF-8"
    return "application/octet-stream" if output_format.startswith("RowBinary") else _TEXT_TYPE
