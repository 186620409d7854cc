"""The timeline of an exam as one page: no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from runtime.evidence.readable import Readable

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
p { margin: .25rem 0 1rem; max-width: 45rem; }
ol { list-style: none; padding: 0; margin: 0; }
li { border-top: 1px solid #8886; padding: .6rem 0; display: grid; gap: .1rem 1.5rem;
     grid-template-columns: 15rem 1fr; }
time { font-variant-numeric: tabular-nums; }
.what { font-weight: 600; }
.details, .names { grid-column: 2; overflow-wrap: anywhere; }
.details { font-size: .85rem; opacity: .8; }
code { font-size: .8rem; }
@media (max-width: 40rem) { li { grid-template-columns: 1fr; } .details, .names { grid-column: 1; } }
"""


def timeline_page(exam_id: str, made_at: datetime, events: Sequence[Readable]) -> str:
    """The page, in the order in which the events happened."""
    known = sorted(events, key=lambda one: (one.occurred_at is None, one.occurred_at or made_at, one.where))
    rows = "\n".join(_row(one) for one in known)
    unproven = sum(not one.proven for one in events)
    newer = f" {unproven} are newer than the seal and not proven by this bundle." if unproven else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Evidence: exam {escape(exam_id)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>Exam {escape(exam_id)}</h1>
<p>{len(events)} events, put together on {_instant(made_at)}.{newer} This page is for reading: what is proven,
and that it is, <code>check.py</code> prints. Times are UTC.</p>
<ol>
{rows}
</ol>
</main>
</body>
</html>
"""


def _row(one: Readable) -> str:
    happened = _instant(one.occurred_at) if one.occurred_at else "time unknown"
    details = [f"recorded {_instant(one.recorded_at)}"] if one.recorded_at else []
    details += [escape(one.source), f"<code>{escape(one.where)}</code>", f"leaf <code>{one.leaf}</code>"]
    report = (one.record or {}).get("report_sha256")
    if report:
        details.append(f"report SHA-256 <code>{escape(str(report))}</code>")
    names = f'<span class="names">{_names(one.names)}</span>' if one.names else ""
    return (
        f'<li><time>{happened}</time><span class="what">{escape(one.event)}</span>{names}'
        f'<span class="details">{" · ".join(filter(None, details))}</span></li>'
    )


def _names(names: dict[str, object]) -> str:
    return "; ".join(_pairs(names.items()))


def _pairs(items: Iterable[tuple[str, object]]) -> list[str]:
    return [f"{escape(name.replace('_', ' '))}: {escape(str(value))}" for name, value in items if value]


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
