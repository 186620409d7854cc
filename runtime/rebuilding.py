"""Rebuilds on an installation: what a fold worker mends before it starts, and room for a rebuild by hand."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from processors.clock_bounds import ClockBounds
from processors.config import FoldConfig
from processors.rebuild.changelog import watch_changelog
from processors.rebuild.config import WRITTEN, RebuildConfig
from processors.rebuild.fence import await_no_rebuild
from processors.rebuild.healing import heal
from processors.watchdog import await_log
from runtime.installation import Installation, announce_ready, has_announced
from runtime.stack.state import StackState, is_alive
from runtime.stack.topics import create_topics
from schemas.registry import connect_codec
from schemas.topics import EVENTS, topic_specs

_UNABLE = 70  # sysexits.h EX_SOFTWARE: the supervisor starts a fresh worker
_LOOK_EVERY_S = 0.25


@contextmanager
def rebuild_config(installation: Installation) -> Iterator[RebuildConfig]:
    """The rebuild's config, with a directory that is removed after it."""
    settings = installation.settings
    place = installation.data / "rebuild"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=place, prefix=f"{os.getpid()}-") as directory:
        yield RebuildConfig(
            kafka_bootstrap=installation.kafka_bootstrap,
            directory=Path(directory),
            clock_bounds=ClockBounds.of(settings.clock_ahead_s, settings.clock_behind_days),
        )


@contextmanager
def room_made(installation: Installation) -> Iterator[Callable[[StackState | None], None]]:
    """What asks the local workers to end; until the end of this they wait when they are started again."""
    marker = _marker(installation)

    def make_room(state: StackState | None) -> None:
        announce_ready(marker)
        for name, part in (state.parts if state is not None else {}).items():
            is_fold = name == "fold" or name.startswith("fold-")
            if is_fold and part.pid is not None and is_alive(part.pid, part.created_at):
                os.kill(part.pid, signal.SIGTERM)

    try:
        yield make_room
    finally:
        marker.unlink(missing_ok=True)


def await_rebuild(installation: Installation, on_wait: Callable[[], None]) -> None:
    """Return when Kafka is there and no rebuild at work; `on_wait` is called before waiting for one.

    Raises RebuildFailed.
    """
    await_log(installation.kafka_bootstrap, EVENTS)
    marker = _marker(installation)
    if has_announced(marker):
        on_wait()
        while has_announced(marker):
            time.sleep(_LOOK_EVERY_S)
    await_no_rebuild(installation.kafka_bootstrap, on_wait)


def mended(installation: Installation, config: FoldConfig, on_rebuild: Callable[[], None]) -> FoldConfig:
    """`config` of a worker whose topics are there and whose stores go with them, after what that takes.

    `on_rebuild` is called before what may take minutes. From then on the process ends where its changelog is
    deleted. Raises RebuildFailed or StackError.
    """
    specs = topic_specs(installation.settings.kafka_partitions)
    create_topics(installation.kafka_bootstrap, [spec for spec in specs if spec.name in WRITTEN])
    codec = connect_codec(installation.registry_url)
    with rebuild_config(installation) as rebuild:
        healed = heal(config, rebuild, codec, on_rebuild)
    watch_changelog(installation.kafka_bootstrap, healed.changelog_id, lambda: os._exit(_UNABLE))
    return replace(config, wiped=tuple(healed.wiped), rebuilt=tuple(healed.rebuilt))


def _marker(installation: Installation) -> Path:
    return installation.data / "run" / "rebuild"
