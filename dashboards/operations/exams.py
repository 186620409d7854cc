"""One exam: what is known of it, its events, images and reports, and its reconciliation."""

from __future__ import annotations

from dashboards.operations.operation import JSON, Operation

EXAM = "/api/exams/{exam_id}"
RECONCILIATION = f"{EXAM}/reconciliation"

OPERATIONS = (
    Operation(
        EXAM,
        "What is known of one exam.",
        ("exam_id",),
        JSON,
        ("exam", "found_in", "analytics"),
        as_of=True,
    ),
    Operation(
        f"{EXAM}/timeline",
        "Its events in the order in which they occurred: source, both clocks, and what each changed.",
        ("exam_id", "limit", "cursor"),
        JSON,
        ("exam_id", "events", "total", "next_cursor"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        f"{EXAM}/reports",
        "The versions of its report: never what they say.",
        ("exam_id",),
        JSON,
        ("exam_id", "reports"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        f"{EXAM}/alerts",
        "Every alert that it had.",
        ("exam_id",),
        JSON,
        ("exam_id", "alerts"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        f"{EXAM}/series",
        "Its series; `middle` is the image that stands for each.",
        ("exam_id", "limit", "cursor"),
        JSON,
        ("exam_id", "series", "next_cursor", "shows_pictures"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        f"{EXAM}/images/{{sop_instance_uid}}/picture",
        "A small picture of one image. The access is in the audit topic before it goes out.",
        ("exam_id", "sop_instance_uid"),
        "image/webp",
        analytics=True,
    ),
    Operation(
        RECONCILIATION,
        "The exams that an exam's images may belong to, and the images that were joined to it.",
        ("exam_id", "q"),
        JSON,
        ("exam_id", "candidates", "joined", "complete"),
    ),
    Operation(
        RECONCILIATION,
        "Say that an exam's images belong to another exam, or with undo that they do not. Kafka has it then.",
        ("exam_id",),
        JSON,
        ("reconciled", "from_exam_id", "into_exam_id", "event_ids"),
        method="post",
        body=("into", "undo"),
    ),
)
