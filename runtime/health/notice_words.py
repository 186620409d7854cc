"""What parts say of themselves in their logs and somebody ought to know: meaning and what to do. Pure."""

from __future__ import annotations

from dataclasses import dataclass

CRITICAL, WARNING, INFO = "critical", "warning", "info"


@dataclass(frozen=True, slots=True)
class NoticeWords:
    """level: critical, warning or info."""

    level: str
    meaning: str
    next_step: str = ""


# By the event's name in the structured log of a part.
SAID_BY_PARTS: dict[str, NoticeWords] = {
    "fold_stalled": NoticeWords(
        CRITICAL,
        "The fold stood still though events waited; its watchdog ended it, and it is started again.",
        "Look whether it happens again: then the log of the fold says at which offsets.",
    ),
    "circuit_breaker_open": NoticeWords(
        CRITICAL,
        "Most messages could not be folded: the fault is ours or a producer's. The worker tries again.",
        "Mend the producer or the fold's version, then retry the dead letters of origin fold.",
    ),
    "flush_failed": NoticeWords(WARNING, "The fold could not write its rows; it tries again."),
    "state_unreadable": NoticeWords(
        WARNING,
        "A state of the fold could not be read; it is made again.",
        "Run `radstream rebuild --check`.",
    ),
    "store_wiped": NoticeWords(WARNING, "A damaged local store of the fold was thrown away and made again."),
    "rebuild_started": NoticeWords(INFO, "States are made again from the log."),
    "rebuild_done": NoticeWords(INFO, "States were made again from the log."),
    "rebuild_impossible": NoticeWords(
        CRITICAL, "States could not be made again from the log.", "Run `radstream rebuild --check`."
    ),
    "kafka_away": NoticeWords(
        CRITICAL, "Kafka gives no answer; the part waits for it.", "See the part kafka."
    ),
    "kafka unreachable": NoticeWords(CRITICAL, "Kafka gives no answer.", "See the part kafka."),
    "not published": NoticeWords(
        WARNING, "A message was not taken because Kafka did not acknowledge it; the sender keeps it."
    ),
    "delivery_failed": NoticeWords(
        WARNING, "ClickHouse did not take a batch; the same batch is tried again.", "See the part clickhouse."
    ),
    "clickhouse_away": NoticeWords(WARNING, "ClickHouse gives no answer.", "See the part clickhouse."),
    "clickhouse_back": NoticeWords(INFO, "ClickHouse answers again."),
    "feed_interrupted": NoticeWords(WARNING, "The pages do not hear from Kafka; they go on by themselves."),
    "no room for images": NoticeWords(
        CRITICAL,
        "The spool takes no more images: modalities are told to send later.",
        "Make room on the disk.",
    ),
    "storing failed": NoticeWords(WARNING, "An image was not stored; the modality keeps it."),
    "cannot seal": NoticeWords(
        CRITICAL, "Patients' data cannot be sealed: messages are not taken.", "See the key ring."
    ),
    "key_ring_unusable": NoticeWords(
        CRITICAL, "The key ring cannot be opened: no names are shown.", "See the key ring."
    ),
    "targets_unusable": NoticeWords(
        WARNING, "The file of targets cannot be used; those of before stay.", "Run `radstream targets check`."
    ),
    "model_unreadable": NoticeWords(
        WARNING,
        "A model cannot be used; the version before forecasts, or else the medians of the last weeks.",
        "`radstream models list` says which there are; `radstream train` makes one.",
    ),
    "models_drifted": NoticeWords(
        WARNING,
        "The last week is unlike the weeks that the model learned from; ranges are calibrated to it.",
        "Run `radstream train`.",
    ),
    "models_unanswered": NoticeWords(
        WARNING,
        "The store of models or ClickHouse gives no answer; forecasts go on as they are.",
        "See the parts objectstore and clickhouse.",
    ),
    "models_failed": NoticeWords(
        WARNING, "Models could not be renewed; forecasts go on as they are.", "Its log says why."
    ),
    "unreachable": NoticeWords(WARNING, "A destination cannot be reached; it is tried again."),
    "given_up": NoticeWords(
        WARNING, "A delivery was given up: it is a dead letter.", "Retry the dead letter."
    ),
    "metrics_not_written": NoticeWords(WARNING, "The figures of a part cannot be written.", "See the disk."),
}

# By the kind of the supervisor's event.
OF_SUPERVISOR: dict[str, NoticeWords] = {
    "died": NoticeWords(WARNING, "Its process ended; the supervisor starts it again."),
    "restarted": NoticeWords(INFO, "It was started again."),
    "failed": NoticeWords(CRITICAL, "It could not be kept running.", "Its log says why."),
    "stopped": NoticeWords(INFO, "It was stopped in order."),
    "ready": NoticeWords(INFO, "It serves."),
}
