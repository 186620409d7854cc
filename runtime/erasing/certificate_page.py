"""The certificate as one page for people: no script, nothing from elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
h2 { font-size: 1.1rem; margin: 1.75rem 0 .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem; margin: 0; }
dt { opacity: .75; } dd { margin: 0; overflow-wrap: anywhere; }
.verdict { border: 1px solid; border-left-width: .4rem; padding: .6rem 1rem; margin: 1rem 0; }
.done { border-color: #1a7f37; } .open { border-color: #b3261e; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; }
tr > * { border-top: 1px solid #8886; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
small { opacity: .8; }
small, code, td { overflow-wrap: anywhere; }
td.n, th:not(:first-child) { overflow-wrap: normal; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dt { margin-top: .4rem; } }
@media print { body { margin: 0; font-size: 12px; } }
"""
_NONE = "none"


def certificate_page(body: Mapping[str, Any], digest: str, signed_with: str) -> str:
    """The page of a certificate; `digest`: SHA-256 of the signed document, `signed_with`: the key's id."""
    left = body["not_covered"]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Certificate of erasure {escape(body["request_id"])}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>Certificate of erasure</h1>
{_verdict(body)}
{_facts(body)}
<h2>What was destroyed</h2>
{_table(("data keys of", "keys"), ((one["subject"], one["generations"]) for one in body["keys_destroyed"]))}
<h2>Where it was looked for afterwards</h2>
<p>Names and numbers in clear: {escape(body["names_and_numbers_in_clear"])}.</p>
{_places(body["searched"])}
<h2>What is not covered</h2>
{_sent(left["sent_before"])}
<ul>{_items(left)}</ul>
<h2>How to check this page</h2>
<p>It is written from <code>{escape(body["request_id"])}.json</code>, which is signed (Ed25519) with the
archive's key <code>{escape(signed_with)}</code> and whose SHA-256 is <code>{escape(digest)}</code>. The same
document is in the log as <code>ErasureCertified</code>, and so in the archive.
<code>radstream erase --prove PATIENT</code> searches again.</p>
</main>
</body>
</html>
"""


def _verdict(body: Mapping[str, Any]) -> str:
    if body["is_complete"]:
        return '<p class="verdict done"><strong>Erased.</strong> All that was searched is closed.</p>'
    return (
        '<p class="verdict open"><strong>Erased, and not everything is closed:</strong> see the places below '
        "with open parts or names in clear, and the backups that were out of reach.</p>"
    )


def _facts(body: Mapping[str, Any]) -> str:
    rows = (
        ("patient (pseudonyms)", ", ".join(body["patient_keys"])),
        ("reason", body["reason"]),
        ("asked for by", f"{body['requested_by']}, {body['requested_at']}"),
        ("confirmed by", f"{body['confirmed_by']}, {body['confirmed_at']}"),
        ("certified", body["certified_at"]),
        ("events in the log", ", ".join(body["log_events"]) or _NONE),
    )
    said = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in rows)
    return f"<dl>{said}</dl>"


def _places(places: Iterable[Mapping[str, Any]]) -> str:
    head = ("place", "examined", "closed", "open", "in clear", "since")
    listed = [*places]
    before = [None, *(one["method"] for one in listed)]
    rows = "".join(_place_row(one, method) for one, method in zip(listed, before, strict=False))
    return _framed(head, rows)


def _place_row(one: Mapping[str, Any], method_above: str | None) -> str:
    """A method that stands above is not written again."""
    method = () if one["method"] == method_above else (one["method"],)
    notes = " · ".join(escape(note) for note in (*method, *one["notes"], *one["where"]))
    counts = (
        *("examined", "sealed_parts_closed", "sealed_parts_open", "in_clear", "sealed_since_the_erasure"),
    )
    cells = "".join(f'<td class="n">{one[name]:,}</td>' for name in counts)
    return f"<tr><td>{escape(one['place'])}<br><small>{notes}</small></td>{cells}</tr>"


def _sent(sent: Iterable[Mapping[str, Any]]) -> str:
    rows = [(one["what"], one["receiver"], one["count"], one["first_at"], one["last_at"]) for one in sent]
    if not rows:
        return "<p>The log has no delivery of anything of this patient to another system.</p>"
    return "<p>These systems were sent something before; ask them to erase it there.</p>" + _table(
        ("what", "receiver", "count", "first", "last"), rows
    )


def _items(left: Mapping[str, Any]) -> str:
    said = [f"key backup out of reach: {one}" for one in left["backups_out_of_reach"]]
    said += [f"dead letter that may be about the patient: {one}" for one in left["dead_letters_to_look_at"]]
    return "".join(f"<li>{escape(one)}</li>" for one in (*said, *left["always"]))


def _table(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    cells = ("".join(f"<td>{escape(str(cell))}</td>" for cell in row) for row in rows)
    return _framed(head, "".join(f"<tr>{row}</tr>" for row in cells))


def _framed(head: tuple[str, ...], rows: str) -> str:
    heads = f"<thead><tr>{_heads(head)}</tr></thead>"
    return f'<div class="scroll"><table>{heads}<tbody>{rows}</tbody></table></div>'


def _heads(names: tuple[str, ...]) -> str:
    return "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
