"""What the archive says of a simulated exam's images, which come whole. Pure but for the keys."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from producers.history.account import Account
from schemas.events import Event, FirstImageStored, ImagesStored, SeriesStored, StudyStored

_IMAGE_BYTES = 525_000
_TRANSFER, _ASSOCIATION_END = timedelta(seconds=20), timedelta(seconds=25)


def images_sent(account: Account, at: datetime) -> Iterator[Event]:
    """The study is sent from `at` on, UTC."""
    yield _first_image(account, at)
    yield _images(account, at + _TRANSFER)
    yield _series(account, at + _ASSOCIATION_END)
    yield _study(account, at + _ASSOCIATION_END)


def _first_image(account: Account, at: datetime) -> FirstImageStored:
    exam = account.exam
    return FirstImageStored(
        envelope=account.envelope(FirstImageStored, account.scanner(), at),
        accession_number=exam.accession_number,
        study_instance_uid=exam.study_uid,
        modality=exam.modality,
        calling_ae_title=exam.scanner,
    )


def _images(account: Account, at: datetime) -> ImagesStored:
    exam = account.exam
    images = len(exam.instance_uids)
    return ImagesStored(
        envelope=account.envelope(ImagesStored, account.scanner(), at),
        accession_number=exam.accession_number,
        study_instance_uid=exam.study_uid,
        modality=exam.modality,
        series_count=1,
        instance_count=images,
        size_bytes=images * _IMAGE_BYTES,
        calling_ae_title=exam.scanner,
    )


def _series(account: Account, at: datetime) -> SeriesStored:
    exam = account.exam
    images = len(exam.instance_uids)
    return SeriesStored(
        envelope=account.envelope(SeriesStored, account.scanner(), at),
        accession_number=exam.accession_number,
        study_instance_uid=exam.study_uid,
        series_instance_uid=exam.series_uid,
        modality=exam.modality,
        instance_count=images,
        size_bytes=images * _IMAGE_BYTES,
        completed_by="association",
    )


def _study(account: Account, at: datetime) -> StudyStored:
    exam = account.exam
    images = len(exam.instance_uids)
    return StudyStored(
        envelope=account.envelope(StudyStored, account.scanner(), at),
        accession_number=exam.accession_number,
        study_instance_uid=exam.study_uid,
        modality=exam.modality,
        series_count=1,
        instance_count=images,
        size_bytes=images * _IMAGE_BYTES,
        completed_by="association",
    )
