"""What a service of the DICOM listener brings beside C-ECHO and C-STORE: contexts and handlers.

Each service is a module of its own; the server registers what it is given and knows none of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

# Data sets without pixels. Big endian was retired with PS3.5 2016b. Not deflated: the library inflates in one
# piece, so a few MB would take gigabytes of memory.
PLAIN_TRANSFER_SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)

# How long the library's reactor sleeps where it has nothing to do.
_REACTOR_S = 0.001

# A pynetdicom event (`evt.EVT_C_FIND`, ...) and what answers it.
Handler = tuple[Any, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class SupportedContext:
    """A presentation context that we accept (DICOM PS3.8 section 9.3.2.2).

    scu_role, scp_role: as in pynetdicom's `AE.add_supported_context`, for role selection (PS3.7 D.3.3.4).
    A context that another service has registered already gets these transfer syntaxes too, and these roles.
    """

    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...] = PLAIN_TRANSFER_SYNTAXES
    scu_role: bool | None = None
    scp_role: bool | None = None


class DicomService(Protocol):
    """One service class as SCP."""

    def contexts(self) -> Sequence[SupportedContext]:
        """What it accepts."""

    def handlers(self) -> Sequence[Handler]:
        """Its handlers; they run in the association's thread.

        A request goes to the service that registered its abstract syntax, so two services may handle C-FIND.
        """


def handlers_of(services: Sequence[DicomService]) -> list[Handler]:
    """The handlers of all: the library takes one for each kind of request, any number of notifications."""
    answering: dict[Any, dict[str, Callable[..., Any]]] = {}
    notified: list[Handler] = []
    for service in services:
        for kind, handler in service.handlers():
            if kind.is_intervention:
                by_syntax = answering.setdefault(kind, {})
                by_syntax.update({context.abstract_syntax: handler for context in service.contexts()})
            else:
                notified.append((kind, handler))
    return [*((kind, _dispatcher(by_syntax)) for kind, by_syntax in answering.items()), *notified]


def _dispatcher(by_syntax: Mapping[str, Callable[..., Any]]) -> Callable[[Any], Any]:
    def answer(event: Any) -> Any:
        return by_syntax[str(event.context.abstract_syntax)](event)

    return answer


def await_sent(association: Any) -> None:
    """Wait until the library has sent what it was given, and had the time to read.

    It reads nothing, and so no C-CANCEL, as long as there is something to send; and what it is given faster
    than it sends piles up in memory.
    """
    while association.is_established and association.dul.to_provider_queue.qsize():
        time.sleep(_REACTOR_S)
    time.sleep(_REACTOR_S * 3)
