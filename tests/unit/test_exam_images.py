"""Images and series of an exam: present, expected, complete, open again."""

from __future__ import annotations

from typing import Any

from processors.fold import fold
from processors.images import Images
from processors.standing import standing
from schemas.events import Event, ImagesStored, SeriesStored, StudyRetrieved, StudySent, StudyStored
from tests.exam_events import ANNA, EXAM, STUDY, images_of, order, reconciled, row_of, said


def _images(*events: Event) -> Images:
    return standing(fold(list(events))[EXAM]).images


def _came(minutes: float, series: int, count: int, study: str = STUDY) -> Event:
    totals: dict[str, Any] = {"series_count": series, "instance_count": count, "size_bytes": 9}
    return said(
        EXAM, minutes, ImagesStored, study_instance_uid=study, calling_ae_title="CT1", modality=None, **totals
    )


def _complete(minutes: float, series: int, count: int, study: str = STUDY) -> Event:
    totals: dict[str, Any] = {"series_count": series, "instance_count": count, "size_bytes": 9}
    return said(EXAM, minutes, StudyStored, study_instance_uid=study, completed_by="mpps", **totals)


def _series(minutes: float, uid: str, count: int) -> Event:
    return said(
        EXAM,
        minutes,
        SeriesStored,
        study_instance_uid=STUDY,
        series_instance_uid=uid,
        instance_count=count,
        size_bytes=9,
        completed_by="quiet",
    )


def test_a_study_is_complete_until_a_late_image_opens_it_again() -> None:
    assert _images(_came(1, 1, 60)) == Images(1, 60, None)
    done = [_came(1, 1, 60), _complete(2, 1, 60)]
    assert (_images(*done), _images(*done).is_complete) == (Images(1, 60, 60), True)
    late = [*done, _came(9, 2, 61)]
    assert (_images(*late), _images(*late).is_complete) == (Images(2, 61, 60), False)
    again = [*late, _complete(20, 2, 61)]
    assert (_images(*again), _images(*again).is_complete) == (Images(2, 61, 61), True)


def test_series_that_are_complete_count_before_the_association_ends() -> None:
    assert _images(_series(1, "1.2.3.1", 40), _series(2, "1.2.3.2", 20)) == Images(2, 60, None)
    assert _images(_series(1, "1.2.3.1", 40), _series(2, "1.2.3.1", 45)) == Images(1, 45, None)
    assert _images(_series(1, "1.2.3.1", 40), _came(3, 3, 90)) == Images(3, 90, None)


def test_two_studies_of_one_exam_add_up_and_are_expected_once_both_are_complete() -> None:
    other = images_of("1.2.840.2", EXAM, 5, 7, ANNA)[1]
    assert _images(_came(1, 1, 60), _complete(2, 1, 60), other) == Images(2, 67, None)
    assert _images(_came(1, 1, 60), _complete(2, 1, 60), other, _complete(8, 1, 7, "1.2.840.2")) == Images(
        2, 67, 67
    )


def test_what_was_sent_elsewhere_is_not_in_the_archive() -> None:
    sent = said(EXAM, 5, StudySent, instance_count=900, destination_ae_title="PACS2")
    fetched = said(EXAM, 6, StudyRetrieved, instance_count=800, retrieved_by_ae_title="WS1")
    row = row_of([order(0, ANNA), _came(1, 1, 60), sent, fetched])
    assert (row.instance_count, row.series_count) == (60, 1)


def test_nobody_knows_whether_reconciled_images_are_all() -> None:
    came = reconciled(EXAM, 40, series_count=1, instance_count=5)
    assert _images(_came(1, 1, 60), _complete(2, 1, 60), came) == Images(2, 65, None)


def test_totals_stay_within_the_bounds_of_the_row() -> None:
    assert row_of([_came(1, 1, 2**31 - 1), _came(1, 1, 2**31 - 1, "1.2.9")]).instance_count == 2**31 - 1
