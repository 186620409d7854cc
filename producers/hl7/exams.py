"""The exams that an order, an appointment or a report is about: by accession number and issuer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from producers.hl7.context import Context
from producers.hl7.paths import Hit, Path
from producers.hl7.rejections import MissingAccession
from producers.hl7.scope import Scope
from producers.hl7.trace import Use
from schemas.identity import exam_id_of_accession


@dataclass(frozen=True, slots=True)
class Subject:
    """What events are about, an exam or a patient. exam_id: the key of the log.

    scope: what the message says of it.
    accession_number: without its issuer; None for a patient.
    """

    exam_id: str
    scope: Scope
    accession_number: str | None = None


def exams_of(context: Context, scope: Scope) -> list[Subject]:
    """Each accession number of the first place that has one is an exam. Raises MissingAccession.

    Where they stand in several IPC segments, each exam has its own.
    """
    paths = scope.profile.paths["accession"]
    for path in paths:
        hits = list(path.every(scope.segments))
        if hits:
            if scope.trace.uses is not None:
                scope.trace.uses.extend(Use(hit.segment, path, "accession") for hit in hits)
            if len(hits) == 1:
                return [_exam(context, scope, path, hits[0])]
            return _several(context, scope, path, hits)
    places = ", ".join(path.text for path in paths)
    raise MissingAccession(f"no accession number in {places}", paths[0].text if paths else "")


def _several(context: Context, scope: Scope, path: Path, hits: list[Hit]) -> list[Subject]:
    found: dict[str, Subject] = {}
    own: dict[str, list[Hit]] = {}
    for hit in hits:
        exam = _exam(context, scope, path, hit)
        found.setdefault(exam.exam_id, exam)
        own.setdefault(exam.exam_id, []).append(hit)
    if len({id(hit.segment) for hit in hits}) == 1:
        return list(found.values())
    return [
        replace(exam, scope=scope.with_only(path.segment, (hit.segment for hit in own[exam.exam_id])))
        for exam in found.values()
    ]


def _exam(context: Context, scope: Scope, path: Path, hit: Hit) -> Subject:
    issuer = scope.value("accession_issuer")
    if not issuer and path.component == 1:
        issuer = hit.segment.value_of(hit.repetition, 2)
    issuer = issuer or scope.profile.issuer or context.config.site
    return Subject(exam_id_of_accession(issuer, hit.value), scope, hit.value)
