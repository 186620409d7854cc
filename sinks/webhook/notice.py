"""An alert as a request says it: CloudEvents 1.0, JSON format, structured mode. Pure."""

from __future__ import annotations

from urllib.parse import quote

import orjson

from schemas.identity import event_id
from schemas.views import AlertRow

CONTENT_TYPE = "application/cloudevents+json"


def notice_id(row: AlertRow) -> str:
    """The same for every try: a receiver that has it already need do nothing."""
    return event_id("webhook", row.alert_id, row.state, row.said_at.isoformat())


def notice(row: AlertRow) -> bytes:
    """The body of the request."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": notice_id(row),
            "source": f"/radstream/{quote(row.site, safe='')}/alerts",
            "type": f"radstream.alert.{row.state}",
            "subject": row.exam_id,
            "time": row.said_at,
            "datacontenttype": "application/json",
            "data": {name: value for name, value in row.to_record().items() if value is not None},
        },
        option=orjson.OPT_UTC_Z,
    )
