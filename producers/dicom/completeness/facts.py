"""What completeness is told and what it answers: values without PHI in clear. Times UTC, by one clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.parts import SealedPhi

MPPS, AVAILABILITY, ASSOCIATION, QUIET = RULES = ("mpps", "availability", "association", "quiet")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletenessConfig:
    """How a site knows that a study is whole.

    rules: of `RULES` those that it trusts, the most trusted first.
    quiet_s: how long no image may have come.
    keep_s: how long a study that was said is remembered; afterwards the archive is asked for what it has.
    give_up_s: when one that no rule completes is forgotten.
    """

    rules: tuple[str, ...] = RULES
    quiet_s: float = 120.0
    keep_s: float = 60.0
    give_up_s: float = 7 * 24 * 3600.0

    def __post_init__(self) -> None:
        """Raises ValueError where a rule is none, is named twice, or there is none at all."""
        if not self.rules or len(set(self.rules)) < len(self.rules) or not set(self.rules) <= set(RULES):
            raise ValueError(f"complete by: some of {', '.join(RULES)}, each once")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyExam:
    """The exam that images of a study belong to, as the first of them says.

    phi: bound to phi_bound_to. first_at: when that image was stored.
    """

    exam_id: str
    accession_number: str | None
    patient_key: str | None
    modality: str | None
    calling_ae_title: str
    phi: SealedPhi | None
    phi_bound_to: str
    first_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageArchived:
    """The object store has the image and the log its event.

    size_bytes: of the object. stored_at: when it was acknowledged, the time of its InstanceStored.
    association_id: the association that brought it, unique over restarts of the listener.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    size_bytes: int
    modality: str | None
    association_id: str
    stored_at: datetime
    exam: StudyExam


@dataclass(frozen=True, slots=True)
class AssociationEnded:
    """Released, aborted or lost: no image comes from it any more."""

    association_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ListenerRestarted:
    """Every association before it is over."""

    at: datetime


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A performed procedure step is final (MPPS, PS3.4 annex F).

    images: the SOP Instance UIDs that it names, by Series Instance UID.
    """

    study_instance_uids: tuple[str, ...]
    images: Mapping[str, tuple[str, ...]]
    at: datetime


@dataclass(frozen=True, slots=True)
class InstancesAvailable:
    """Another system says what there is of a study (PS3.4 annex R).

    images: the SOP Instance UIDs that can be had, by Series Instance UID.
    """

    study_instance_uid: str
    images: Mapping[str, tuple[str, ...]]
    at: datetime


Fact = ImageArchived | AssociationEnded | ListenerRestarted | StepEnded | InstancesAvailable


@dataclass(frozen=True, slots=True)
class ArchivedObject:
    """An image that the archive had of a study before we were told of it."""

    series_instance_uid: str
    sop_instance_uid: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteSeries:
    """A series is whole, as far as its end can be known. last_at: when its last image was stored."""

    study_instance_uid: str
    series_instance_uid: str
    exam: StudyExam
    modality: str | None
    instance_count: int
    size_bytes: int
    completed_by: str
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteStudy:
    """A study is whole, as far as its end can be known. last_at: when its last image was stored."""

    study_instance_uid: str
    exam: StudyExam
    series_count: int
    instance_count: int
    size_bytes: int
    completed_by: str
    last_at: datetime


Complete = CompleteSeries | CompleteStudy
