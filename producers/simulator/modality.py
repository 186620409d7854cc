"""What one kind of scanner is, and what can be ordered on it."""

from __future__ import annotations

from dataclasses import dataclass

from producers.simulator.draws import LogLogistic


@dataclass(frozen=True, slots=True)
class Procedure:
    """One thing that can be ordered: local code, name, body part (DICOM's term).

    `weight`: how often beside the others of its modality; `scanning`, `reading`: how long it takes, as a
    factor of the modality's median.
    """

    code: str
    name: str
    body_part: str
    weight: float = 1.0
    scanning: float = 1.0
    reading: float = 1.0


@dataclass(frozen=True, slots=True)
class Breakdowns:
    """How often one scanner stands still, on average, and for how long."""

    mean_h_between: float
    repair: LogLogistic


@dataclass(frozen=True, slots=True)
class Modality:
    """One kind of scanner. `share` of all orders; `images`: least and most images of an exam."""

    code: str
    share: float
    scanners: int
    acquisition: LogLogistic
    reading: LogLogistic
    images: tuple[int, int]
    procedures: tuple[Procedure, ...]
    breakdowns: Breakdowns | None = None
