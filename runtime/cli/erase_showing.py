"""How `radstream erase` tells what it did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runtime.cli.output import console, print_json, print_table
from runtime.erasing.certifying import Certified
from runtime.erasing.deciding import Asked
from runtime.erasing.places import Searched
from runtime.governance.register import ErasureCase, Register


def show_asked(asked: Asked, *, as_json: bool) -> None:
    """The request, and its code, this once."""
    requested = asked.requested
    if as_json:
        print_json(
            {
                "requested": True,
                "request_id": requested.request_id,
                "patient_keys": requested.patient_keys,
                "exams": len(asked.exams),
                "code": asked.code,
                "expires_at": requested.expires_at,
            }
        )
        return
    keys = requested.patient_keys
    merged = f" and {len(keys) - 1} merged with it" if len(keys) > 1 else ""
    _say(f"Asked for: the erasure of patient {keys[0][:8]}…{merged}, {len(asked.exams)} exams.")
    _say(
        "Nothing is erased yet. Somebody else with the role confirms it, until "
        f"{requested.expires_at:%Y-%m-%d %H:%M} UTC, with this code, which is shown this once:"
    )
    _say(f"  radstream erase --confirm {asked.code} --user NAME")


def show_certified(done: Certified, *, as_json: bool) -> None:
    """What was done, and where the certificate is."""
    body = done.body
    if as_json:
        print_json(
            {
                "erased": True,
                "is_complete": body["is_complete"],
                "request_id": body["request_id"],
                "patient_keys": body["patient_keys"],
                "keys_destroyed": sum(one["generations"] for one in body["keys_destroyed"]),
                "event_ids": body["log_events"],
                "certificate": str(done.files[0]),
                "page": str(done.files[1]),
                "certificate_sha256": done.sha256,
            }
        )
        return
    keys = sum(one["generations"] for one in body["keys_destroyed"])
    closed = sum(one["sealed_parts_closed"] for one in body["searched"])
    _say(f"Patient {body['patient_keys'][0][:8]}… is erased: {keys} keys destroyed, {closed:,} parts closed.")
    if not body["is_complete"]:
        _say("Not everything is closed: the certificate names what is open and where.")
    for one in body["not_covered"]["sent_before"]:
        _say(f"Sent before: {one['count']} {one['what']} to {one['receiver'] or 'somebody'}; ask there.")
    _say(f"Certificate: {done.files[0]}, for people {done.files[1]}")


def show_searched(places: Sequence[Searched], *, as_json: bool) -> None:
    """What a search found."""
    is_closed = all(place.is_closed for place in places)
    if as_json:
        print_json({"closed": is_closed, "searched": [place.body() for place in places]})
        return
    print_table("Searched", [_row(place) for place in places])
    for place in places:
        for where in (*place.seen.where, *place.notes):
            _say(f"{place.place}: {where}")
    _say("All of it is closed." if is_closed else "Not everything is closed.")


def _row(place: Searched) -> dict[str, Any]:
    seen = place.seen
    return {
        "place": place.place,
        "examined": seen.examined,
        "closed": seen.closed,
        "open": seen.open,
        "in_clear": seen.in_clear,
        "later": seen.since,
    }


def show_cases(register: Register, *, as_json: bool) -> None:
    """Every request, the latest last."""
    rows = [_case(case) for case in register.erasures.values()]
    if as_json:
        print_json({"erasures": rows})
    elif rows:
        print_table("Erasures", [{**row, "patient_keys": row["patient_keys"][0][:8] + "…"} for row in rows])
    else:
        _say("No erasure was asked for.")


def _case(case: ErasureCase) -> dict[str, Any]:
    requested, confirmed = case.requested, case.confirmed
    state = (
        "certified" if case.certified else "confirmed" if confirmed else "void" if case.void else "asked for"
    )
    return {
        "request_id": requested.request_id,
        "patient_keys": list(requested.patient_keys),
        "reason": requested.erasure_reason,
        "requested_by": requested.requested_by,
        "requested_at": f"{requested.envelope.recorded_at:%Y-%m-%d %H:%M}",
        "confirmed_by": confirmed.confirmed_by if confirmed else None,
        "state": state,
        "until": f"{requested.expires_at:%Y-%m-%d %H:%M}",
    }


def _say(sentence: str) -> None:
    console.print(sentence, highlight=False, soft_wrap=True, markup=False)
