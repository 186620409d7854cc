"""One exam as its events' envelopes need it: whose it is, and who says what. Pure but for the keys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from producers.simulator.exam import SimulatedExam
from producers.simulator.people import Patient
from schemas.events import Event
from schemas.identity import event_id, exam_id_of_accession, patient_key
from schemas.parts import Envelope, Phi, Source
from schemas.phi import KeyRing, seal
from schemas.synthetic import SYNTHETIC_FACILITY

HIS, RIS, REPORTING = (
    Source(system=name, facility=SYNTHETIC_FACILITY, protocol="HL7v2") for name in ("ADT", "RIS", "REPORTING")
)
# What is not late is learned of within a second or so: when, the event's own id says.
_LEAST_DELAY_US, _DELAY_RANGE_US = 150_000, 1_000_000


@dataclass(frozen=True, slots=True)
class Account:
    """What all events of one simulated exam share."""

    exam: SimulatedExam
    exam_id: str
    patient_key: str
    phi: Phi
    ring: KeyRing

    @classmethod
    def of(cls, exam: SimulatedExam, site_secret: bytes, ring: KeyRing) -> Account:
        """The account of `exam`."""
        return cls(
            exam=exam,
            exam_id=exam_id_of_accession(exam.site, exam.accession_number),
            patient_key=patient_key(site_secret, exam.site, exam.patient.mrn),
            phi=_phi_of(exam.patient),
            ring=ring,
        )

    def envelope(
        self,
        cls: type[Event],
        source: Source,
        at: datetime,
        *,
        exam_id: str | None = None,
        text: str | None = None,
    ) -> Envelope:
        """The envelope of the exam's only event of this class. `at`: UTC. `text` is sealed."""
        this_id = event_id("synthetic", self.exam.study_uid, cls.AVRO_NAME)
        delay_us = _LEAST_DELAY_US + int(this_id[:8], 16) % _DELAY_RANGE_US
        phi = self.phi if text is None else replace(self.phi, text=text)
        return Envelope(
            event_id=this_id,
            exam_id=exam_id or self.exam_id,
            occurred_at=at,
            recorded_at=at + timedelta(microseconds=delay_us),
            source=source,
            source_message_id=f"{self.exam.accession_number}-{cls.__name__}",
            site=self.exam.site,
            swim_code=cls.SWIM_CODE,
            patient_key=self.patient_key,
            phi=seal(self.ring, self.patient_key, this_id, phi),
        )

    def scanner(self) -> Source:
        """The scanner as the sender of images."""
        return Source(system=self.exam.scanner, facility=SYNTHETIC_FACILITY, protocol="DICOM")


def _phi_of(patient: Patient) -> Phi:
    return Phi(
        patient_id=patient.mrn,
        patient_name=f"{patient.family_name}^{patient.given_name}",
        birth_date=patient.birth_date.strftime("%Y%m%d"),
        sex=patient.sex,
    )
