"""Every rule, planned; what was planned, taken, each rule's deed an event in the governance topic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from runtime.governance.reading import envelope_of
from runtime.governance.session import Session, wall_now
from runtime.installation import Installation
from runtime.retention.archive import plan_files, remove_files
from runtime.retention.clickhouse import plan_rows, remove_rows
from runtime.retention.held import held_rows
from runtime.retention.images import plan_images, remove_images
from runtime.retention.kafka import plan_messages, remove_messages
from runtime.retention.planned import Planned
from runtime.retention.rules import CLICKHOUSE, IMAGES, KAFKA, InvalidRules, Rule, parse_rules
from schemas.events import RetentionApplied
from sinks.archive.verification import Tell
from sinks.clickhouse.retention import HeldRows

FILE = "retention.toml"


@dataclass(frozen=True, slots=True)
class Step:
    """One rule: what it would take, and how to take it, which gives how many items went."""

    planned: Planned
    take: Callable[[str], int]


def rules_file(installation: Installation) -> Path:
    """RADSTREAM_RETENTION, else `<data>/retention.toml`."""
    given = installation.settings.retention
    return installation.data / FILE if given is None else given.expanduser().absolute()


def read_rules(path: Path) -> tuple[Rule, ...]:
    """Raises InvalidRules."""
    try:
        return parse_rules(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRules(
            f"{path} cannot be read ({type(error).__name__}): write the rules there"
        ) from error
    except InvalidRules as error:
        raise InvalidRules(f"{path}: {error}") from error


def steps(session: Session, rules: Sequence[Rule], tell: Tell) -> Iterator[Step]:
    """Each rule, planned at the moment that it is asked for. Raises what the stores raise.

    Ages are by the clock that dates the records: a department that is simulated has its own.
    """
    for rule in rules:
        yield _step(session, rule, held_rows(session), tell)


def apply(session: Session, step: Step, by: str) -> int:
    """Take what was planned, and say so; how much went. Raises what the stores raise, PublishFailed."""
    gone = step.take(by) if step.planned.items else 0
    planned, site = step.planned, session.installation.settings.site
    session.say(
        RetentionApplied(
            envelope=envelope_of(
                "retention-applied",
                str(uuid4()),
                site=site,
                exam_id=f"retention|{site}",
                patient_key=None,
                now=wall_now(),
            ),
            rule=planned.rule.name,
            store=planned.rule.store,
            place=planned.place,
            before_at=planned.before,
            items_removed=gone,
            bytes_removed=planned.bytes if gone == planned.items else 0,
            items_held=planned.held,
            applied_by=by,
        )
    )
    return gone


def _step(session: Session, rule: Rule, held: HeldRows, tell: Tell) -> Step:
    now = session.installation.now()()
    if rule.store == CLICKHOUSE:
        planned = plan_rows(session, rule, held, now)
        return Step(planned, lambda _by: remove_rows(session, planned, held))
    if rule.store == IMAGES:
        planned, names = plan_images(session, rule, held, now)
        return Step(planned, lambda _by: remove_images(session, planned, names))
    # Kafka's own timestamps, and so the archive's, are the wall clock's.
    if rule.store == KAFKA:
        planned, offsets = plan_messages(session, rule, wall_now())
        return Step(planned, lambda _by: remove_messages(session, planned, offsets))
    planned, files = plan_files(session, rule, held, wall_now(), tell)
    return Step(planned, lambda by: remove_files(session, rule, files, by))
