"""All of history into a new generation of turnaround at once: most exams as columns, others by the fold.

Only the tables of ClickHouse are made and exchanged; the topics that the boards read stay as they are.
"""

from __future__ import annotations

from contextlib import closing

from clickhouse_connect.driver.client import Client

from processors.rebuild.config import TOPIC_OF_VIEW
from runtime.fast_rebuild.installed import InstalledWorkplaces, bulk_client, plan_of
from runtime.fast_rebuild.run import Rebuilt, rebuild
from runtime.installation import Installation
from runtime.lag import read_watermarks
from runtime.replay.asked import Made, ToView
from runtime.replay.comparing import Comparing, Comparison
from runtime.replay.generation import KEPT, SWAPPED, SWAPPING, Generation, Generations
from runtime.replay.swapping import swap_tables
from schemas.registry import connect_codec
from schemas.topics import TURNAROUND
from sinks.clickhouse.bulk.filling import BulkFill, TurnaroundTables
from sinks.clickhouse.generations.tables import name_in, numbers, uuids
from sinks.republishing.errors import ReplayRefused


class ReplayAtOnce:
    """Replays into turnaround of one installation."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._cluster = installation.settings.clickhouse_cluster
        self._generations = Generations(installation.data / "replay" / "views")

    def replay(self, asked: ToView) -> Made:
        """Make the generation; compare; swap it in where that is asked.

        Raises as `ViewReplay.replay`.
        """
        whole = asked.selection.is_everything and asked.speed is None
        if not whole or [TOPIC_OF_VIEW[view] for view in asked.views] != [TURNAROUND]:
            raise ReplayRefused("--fast makes turnaround from all of history: leave the other options out")
        with self._generations.held(), closing(bulk_client(self._installation)) as client:
            generation = self._generation(client, asked)
            made = Made(generation, None)
            if generation.state != SWAPPING:
                rebuilt = self._fill(client, generation, asked)
                made = Made(generation, self._compared(client, generation, asked), rebuilt)
            if asked.swap:
                self._swap(client, generation)
            return made

    def _generation(self, client: Client, asked: ToView) -> Generation:
        generation = self._generations.unfinished(asked.views, asked.part())
        if generation is None:
            taken = numbers(client) | {one.number for one in self._generations.all()}
            number = max(taken, default=0) + 1
            generation = Generation(number=number, views=list(asked.views), asked=asked.part())
            self._generations.save(generation)
        return generation

    def _fill(self, client: Client, generation: Generation, asked: ToView) -> Rebuilt:
        """Whoever was interrupted begins anew: it is a matter of minutes."""
        ends = read_watermarks(self._installation.kafka_bootstrap, (TURNAROUND,)).ends
        generation.ends = {TURNAROUND: {partition: end for (_, partition), end in ends.items()}}
        tables = TurnaroundTables(
            name_in("turnaround_exams", generation.number), name_in("turnaround", generation.number)
        )
        fill = BulkFill(client, tables, self._cluster)
        fill.make()
        # What the view's topic told before says nothing that the log does not.
        versions = {number: max(end - 1, 0) for number, end in generation.ends[TURNAROUND].items()}
        plan = plan_of(self._installation, tables, versions=versions, verify=asked.verify)
        rebuilt = rebuild(InstalledWorkplaces(self._installation), fill, plan, asked.tell)
        generation.uuids = uuids(client, TURNAROUND, generation.number)
        generation.state = KEPT
        self._generations.save(generation)
        return rebuilt

    def _compared(self, client: Client, generation: Generation, asked: ToView) -> Comparison:
        bootstrap = self._installation.kafka_bootstrap
        return Comparing(generation, (), client, bootstrap=bootstrap, wait_s=asked.wait_s).of_tables()

    def _swap(self, client: Client, generation: Generation) -> None:
        generation.state = SWAPPING
        self._generations.save(generation)
        here = self._installation
        codec = connect_codec(here.registry_url)
        swap_tables(client, codec, generation, bootstrap=here.kafka_bootstrap, cluster=self._cluster)
        generation.state = SWAPPED
        self._generations.save(generation)
