"""What a fold worker mends before it starts: stores that do not go with the changelog, a changelog that lacks
what the log told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from confluent_kafka import KafkaException

from processors.config import FoldConfig
from processors.rebuild.changelog import committed, note_whole, read_changelog, whole_since
from processors.rebuild.config import RebuildConfig, TopicGone, WorkersAtWork
from processors.rebuild.fence import await_no_rebuild
from processors.rebuild.service import Rebuilder
from processors.rebuild.stores import Finding, Remake, findings, remember_topic_id, wipe
from schemas.codec import Codec

log = structlog.get_logger("fold")
# Other workers end when they see that the changelog is another one; then their session runs out.
_WAIT_S = 45.0


@dataclass(slots=True)
class Healed:
    """What was done: stores thrown away, with the reason; partitions whose states were made again."""

    changelog_id: str
    wiped: list[str] = field(default_factory=list)
    rebuilt: list[int] = field(default_factory=list)


def heal(config: FoldConfig, rebuild: RebuildConfig, codec: Codec, on_rebuild: Callable[[], None]) -> Healed:
    """Look, mend, and say so in the log; `on_rebuild` is called before what may take minutes.

    Raises RebuildFailed: Kafka is away, or lost the log.
    """
    try:
        changelog = read_changelog(config.kafka_bootstrap)
        found = list(findings(config.state_directory, changelog, committed(config.kafka_bootstrap)))
        healed = Healed(changelog.topic_id)
        for finding in found:
            wipe(config.state_directory, finding.partition)
            healed.wiped.append(f"store of partition {finding.partition} thrown away: {finding.reason}")
            log.error("store_wiped", partition=finding.partition, reason=finding.reason)
        if any(finding.remake is not Remake.NEVER for finding in found):
            on_rebuild()
            _rebuild(config, rebuild, codec, found, healed)
        remember_topic_id(config.state_directory, changelog.topic_id)
    except KafkaException as error:
        raise TopicGone(f"Kafka gives no answer: {error.args[0].str()}") from error
    return healed


def _rebuild(
    config: FoldConfig, rebuild: RebuildConfig, codec: Codec, found: list[Finding], healed: Healed
) -> None:
    bootstrap = config.kafka_bootstrap
    await_no_rebuild(bootstrap, lambda: log.warning("rebuild_awaited"))
    whole = {number for number, of in whole_since(bootstrap).items() if of == healed.changelog_id}
    due = [
        finding.partition
        for finding in found
        if finding.remake is Remake.ALWAYS
        or (finding.remake is Remake.UNLESS_WHOLE and finding.partition not in whole)
    ]
    if not due:
        return  # another worker has done it
    log.warning("rebuild_started", partitions=due)
    try:
        outcome = Rebuilder(rebuild, codec, only=due).run(_WAIT_S)
    except WorkersAtWork as error:
        log.error("rebuild_impossible", reason=str(error), next_step="radstream rebuild --check")
        return
    note_whole(bootstrap, due, healed.changelog_id)
    healed.rebuilt.extend(due)
    log.warning("rebuild_done", partitions=due, events=outcome.events, written=dict(outcome.missing))
