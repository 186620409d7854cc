"""The live board and its API."""

from __future__ import annotations

from dashboards.config import DashboardConfig
from dashboards.server import serve
from runtime.dashboard_access import access_config, with_first_user
from runtime.dashboard_listener import listener_config
from runtime.dashboard_reconciling import SaysReconciliations
from runtime.dead_letters.desk import LetterDesk
from runtime.exam_as_of import folding
from runtime.exam_effects import effects
from runtime.exam_targets import TargetsInFile
from runtime.health.watch import HealthWatch
from runtime.installation import Installation
from runtime.predictions.held_out import StandingRecord
from runtime.staffing import StaffingModel
from runtime.targets import targets_file
from runtime.turnaround_check import for_dashboard
from runtime.what_if import targets_desk


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT."""
    settings = installation.settings
    targets = TargetsInFile(targets_file(installation))
    config = DashboardConfig(
        listener=listener_config(settings),
        kafka_bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        clickhouse_url=installation.clickhouse_url,
        clickhouse_user=settings.clickhouse_user,
        clickhouse_password=installation.secret("clickhouse_password"),
        clickhouse_database=settings.clickhouse_database,
        site=settings.site,
        now=installation.local_now(),
        access=with_first_user(installation, access_config(installation)),
        clock_speed=installation.clock().speed,
        key_ring=installation.key_ring_config(),
        images=installation.image_store_config(),
        explain=effects,
        reconcile=SaysReconciliations(installation),
        targets_of=targets,
        targets_desk=targets_desk(targets),
        staffing=StaffingModel(targets.targets),
        folding=folding(targets_file(installation), settings.clock_ahead_s, settings.clock_behind_days),
        compare=for_dashboard(installation),
        held_out=StandingRecord(installation),
        letter_desk=LetterDesk(installation),
        health=HealthWatch(installation).report,
        allowed_hosts=tuple(name.strip() for name in settings.dashboard_allowed_hosts.split(",") if name),
    )
    serve(config, installation.announcer("dashboard"))
