"""Which step each order message is, by ORC-1 and ORC-5.

A pair that stands in no table is rejected; NOTHING is accepted, and no event is said.
"""

from __future__ import annotations

from collections.abc import Mapping

from producers.hl7.steps import NOTHING, Steps
from schemas.events import (
    AcquisitionCompleted,
    AcquisitionDiscontinued,
    AcquisitionStarted,
    Event,
    ExamRescheduled,
    ExamScheduled,
    OrderCancelled,
    OrderChanged,
    OrderHeld,
    OrderPlaced,
    OrderReleased,
    OrderReplaced,
)

# ORC-5, order status (table 0038); "" stands for an empty field.
ORDER_STATUSES: Mapping[str, str] = {
    "": "empty",
    "SC": "in process, scheduled",
    "IP": "in process, unspecified",
    "A": "some results available",
    "CM": "completed",
    "HD": "on hold",
    "RP": "replaced",
    "CA": "cancelled",
    "DC": "discontinued",
    "ER": "error, order not found",
}

# What a status says once the order is known.
_OF_STATUS: Mapping[str, Steps] = {
    "SC": (ExamScheduled,),
    "IP": (AcquisitionStarted,),
    "A": (AcquisitionCompleted,),
    "CM": (AcquisitionCompleted,),
    "HD": (OrderHeld,),
    "RP": (OrderReplaced,),
    "CA": (OrderCancelled,),
    "DC": (AcquisitionDiscontinued,),
    "ER": NOTHING,
}
# A new order. NW_IP is scheduled, not begun (IHE): "in process, unspecified".
_NEW: Mapping[str, Steps] = {
    "": (OrderPlaced,),
    **{status: (OrderPlaced, *steps) for status, steps in _OF_STATUS.items()},
    "SC": (OrderPlaced,),
    "IP": (OrderPlaced,),
    "ER": NOTHING,
}
# A changed order. XO_SC is how IHE's procedure update moves an exam.
_CHANGED: Mapping[str, Steps] = {
    "": (OrderChanged,),
    **_OF_STATUS,
    "SC": (OrderChanged, ExamRescheduled),
}


def _always(*steps: type[Event]) -> Mapping[str, Steps]:
    return dict.fromkeys(ORDER_STATUSES, steps)


# ORC-1, order control (table 0119): its meaning, and the steps by status.
ORDER_CONTROLS: Mapping[str, tuple[str, Mapping[str, Steps]]] = {
    "NW": ("new order", _NEW),
    "RO": ("replacement order", _NEW),
    "CH": ("child order", _NEW),
    "XO": ("change order request", _CHANGED),
    "XX": ("order changed, unsolicited", _CHANGED),
    "XR": ("changed as requested", _CHANGED),
    "SC": ("status changed", _OF_STATUS),
    "SR": ("response to send order status request", {"": NOTHING, **_OF_STATUS}),
    "RE": ("observations to follow", {"": NOTHING, **_OF_STATUS}),
    "CN": ("combined result", {"": NOTHING, **_OF_STATUS}),
    "CA": ("cancel order request", _always(OrderCancelled)),
    "OC": ("order cancelled", _always(OrderCancelled)),
    "CR": ("cancelled as requested", _always(OrderCancelled)),
    "DC": ("discontinue order request", _always(AcquisitionDiscontinued)),
    "OD": ("order discontinued", _always(AcquisitionDiscontinued)),
    "DR": ("discontinued as requested", _always(AcquisitionDiscontinued)),
    "HD": ("hold order request", _always(OrderHeld)),
    "OH": ("order held", _always(OrderHeld)),
    "HR": ("on hold as requested", _always(OrderHeld)),
    "RL": ("release previous hold", _always(OrderReleased)),
    "OE": ("order released", _always(OrderReleased)),
    "OR": ("released as requested", _always(OrderReleased)),
    "RP": ("order replace request", _always(OrderReplaced)),
    "RU": ("replaced, unsolicited", _always(OrderReplaced)),
    "RQ": ("replaced as requested", _always(OrderReplaced)),
    "SQ": ("superseded", _always(OrderReplaced)),
    "PA": ("parent order: its children are the exams", _always()),
    "OK": ("order accepted", _always()),
    "RR": ("request received", _always()),
    "NR": ("notification received", _always()),
    "NA": ("number assigned", _always()),
    "SN": ("send order number", _always()),
    "SS": ("send order status request", _always()),
    "LI": ("link order to patient care problem", _always()),
    "UN": ("unlink order from patient care problem", _always()),
    "PR": ("previous results with new order", _always()),
    "MC": ("miscellaneous charge", _always()),
    "CP": ("cancel process step", _always()),
    "DE": ("data errors", _always()),
    "UA": ("unable to accept order", _always()),
    "UC": ("unable to cancel", _always()),
    "UD": ("unable to discontinue", _always()),
    "UH": ("unable to put on hold", _always()),
    "UM": ("unable to replace", _always()),
    "UR": ("unable to release", _always()),
    "UX": ("unable to change", _always()),
    "AF": ("refill request approval", _always()),
    "DF": ("refill request denied", _always()),
    "FU": ("refilled, unsolicited", _always()),
    "OF": ("refilled as requested", _always()),
    "RF": ("refill request", _always()),
    "UF": ("unable to refill", _always()),
    "OP": ("order for outside dispense", _always()),
    "PY": ("replacement order for outside dispense", _always()),
}
STEPS_OF_ORDER: Mapping[tuple[str, str], Steps] = {
    (control, status): steps
    for control, (_, by_status) in ORDER_CONTROLS.items()
    for status, steps in by_status.items()
}
