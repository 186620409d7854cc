"""History into a new generation of a view: made beside the live one, compared with it, swapped in or not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from clickhouse_connect.driver.client import Client

from processors.clock_bounds import ClockBounds
from processors.rebuild.config import TOPIC_OF_VIEW, RebuildConfig
from runtime.event_history import EventHistory
from runtime.history import history_of
from runtime.installation import Installation
from runtime.replay.asked import Made, ToView
from runtime.replay.comparing import Comparing, Comparison
from runtime.replay.filling import Filling
from runtime.replay.generation import KEPT, SWAPPED, SWAPPING, Generation, Generations
from runtime.replay.pacing import fold_paced
from runtime.replay.parts import parts_of
from runtime.replay.swapping import mend_topics, swap_tables
from runtime.stack.state import StackState
from schemas.codec import Codec
from schemas.registry import connect_codec
from sinks.clickhouse.client import connect
from sinks.clickhouse.generations.tables import create, drop, numbers, uuids
from sinks.history.reading import History
from sinks.republishing.errors import ReplayRefused

Tell = Callable[[str, int, int], None]
_LONGEST_STATEMENT_S = 3600


class ViewReplay:
    """Replays into views of one installation."""

    def __init__(self, installation: Installation, state: StackState | None) -> None:
        """`state`: of the local stack, None where there is none."""
        self._installation = installation
        self._state = state
        self._generations = Generations(installation.data / "replay" / "views")

    def replay(self, asked: ToView) -> Made:
        """Make the generation, or go on with it; compare; swap it in where that is asked.

        Raises ReplayRefused, RebuildFailed, ArchiveError, SinkError, SchemaError, StackError, KafkaException,
        the driver's error.
        """
        if asked.swap and not asked.selection.is_everything:
            raise ReplayRefused(
                "what is made from a part of history never becomes live: leave --swap out, look at it with "
                "`radstream sql`, and throw it away with --discard"
            )
        with self._generations.held(), closing(self._client()) as client:
            generation = self._generation(client, asked)
            if generation.state == SWAPPING and not asked.swap:
                raise ReplayRefused("it is half swapped in: run the same command with --swap")
            codec = connect_codec(self._installation.registry_url)
            with history_of(self._installation) as history:
                comparison = None
                if generation.state != SWAPPING:
                    comparison = self._made(client, codec, generation, history, asked)
                if asked.swap:
                    self._swap(client, codec, generation, history, asked)
            return Made(generation, comparison)

    def discard(self, asked: ToView) -> list[Generation]:
        """Throw away every generation of these views from this part of history; those that there were.

        Raises ReplayRefused where one is being swapped in, the driver's error.
        """
        with self._generations.held(), closing(self._client()) as client:
            wanted = (list(asked.views), asked.part())
            found = [one for one in self._generations.all() if (one.views, one.asked) == wanted]
            if any(one.state == SWAPPING for one in found):
                raise ReplayRefused("it is half swapped in: run the same command with --swap first")
            for generation in found:
                for view in generation.views:
                    drop(client, TOPIC_OF_VIEW[view], generation.number, self._cluster)
                self._generations.remove(generation)
            return found

    @property
    def _cluster(self) -> str | None:
        return self._installation.settings.clickhouse_cluster

    def _client(self) -> Client:
        settings = self._installation.settings
        return connect(
            self._installation.clickhouse_url,
            settings.clickhouse_user,
            self._installation.secret("clickhouse_password"),
            settings.clickhouse_database,
            answer_timeout_s=_LONGEST_STATEMENT_S,
        )

    def _generation(self, client: Client, asked: ToView) -> Generation:
        """The one that is there, or a new one with its tables."""
        generation = self._generations.unfinished(asked.views, asked.part())
        if generation is None:
            taken = numbers(client) | {one.number for one in self._generations.all()}
            generation = Generation(
                number=max(taken, default=0) + 1, views=list(asked.views), asked=asked.part()
            )
            self._generations.save(generation)
        if generation.state != SWAPPING:
            for view in generation.views:
                topic = TOPIC_OF_VIEW[view]
                create(client, topic, generation.number, self._cluster)
                generation.uuids |= uuids(client, topic, generation.number)
            self._generations.save(generation)
        return generation

    def _made(
        self, client: Client, codec: Codec, generation: Generation, history: History, asked: ToView
    ) -> Comparison:
        bootstrap, selection = self._installation.kafka_bootstrap, asked.selection
        with parts_of(self._config(generation), history, codec, selection) as parts:
            filling = Filling(generation, parts, client, codec, bootstrap=bootstrap, tell=asked.tell)
            comparing = Comparing(generation, parts, client, bootstrap=bootstrap, wait_s=asked.wait_s)
            if asked.speed is not None:
                fold_paced(filling, parts, codec, asked.speed)
            if selection.is_everything:
                comparison = comparing.of_all(filling)
            else:
                filling.go_on()
                comparison = comparing.of_a_part(only_its_exams=selection.exam is not None)
        generation.state = KEPT
        self._generations.save(generation)
        return comparison

    def _swap(
        self, client: Client, codec: Codec, generation: Generation, history: History, asked: ToView
    ) -> None:
        bootstrap = self._installation.kafka_bootstrap
        generation.state = SWAPPING
        self._generations.save(generation)
        swap_tables(client, codec, generation, bootstrap=bootstrap, cluster=self._cluster)
        mend_topics(
            self._installation,
            self._state,
            codec,
            generation,
            EventHistory(history),
            config=self._config(generation),
            wait_s=asked.wait_s,
            tell=asked.tell,
        )
        generation.state = SWAPPED
        self._generations.save(generation)
        self._generations.forget_states(generation)

    def _config(self, generation: Generation) -> RebuildConfig:
        settings = self._installation.settings
        return RebuildConfig(
            kafka_bootstrap=self._installation.kafka_bootstrap,
            directory=self._generations.path(generation) / "states",
            keep=True,
            clock_bounds=ClockBounds.of(settings.clock_ahead_s, settings.clock_behind_days),
        )
