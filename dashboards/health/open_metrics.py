"""The same figures for Prometheus, as OpenMetrics text. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from dashboards.health.report import ForecastHealth, HealthReport
from schemas.forecast_features import BASELINE

MEDIA_TYPE = CONTENT_TYPE_LATEST


def open_metrics(report: HealthReport, *, open_letters: int | None, feed_is_live: bool, exams: int) -> bytes:
    """`report` in the OpenMetrics exposition format; `open_letters`: None where it is not known."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(
        _Families([*_parts(report), *_lags(report), *_counts(report), *_forecasts(report.forecasts)])
    )
    own = [
        _gauge("radstream_board_exams", "Exams on the board", exams),
        _gauge("radstream_dashboard_feed_live", "Whether the dashboard hears from Kafka", int(feed_is_live)),
        _gauge("radstream_kafka_up", "Whether Kafka answered", int(report.kafka_fault is None)),
    ]
    if open_letters is not None:
        own.append(_gauge("radstream_dead_letters_open", "Dead letters nobody has closed", open_letters))
    registry.register(_Families(own))
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]  # the library has no types here
    return text


class _Families(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)


def _parts(report: HealthReport) -> list[Metric]:
    serves = GaugeMetricFamily("radstream_part_up", "Whether the part serves", labels=["part"])
    restarts = CounterMetricFamily(
        "radstream_part_restarts", "How often it was started again", labels=["part"]
    )
    for part in report.parts:
        serves.add_metric([part.part], int(part.serves))
        restarts.add_metric([part.part], part.restarts)
    return [serves, restarts]


def _lags(report: HealthReport) -> list[Metric]:
    labels = ["part", "topic", "partition"]
    lag = GaugeMetricFamily("radstream_consumer_lag", "Messages that are yet to be processed", labels=labels)
    waiting = GaugeMetricFamily(
        "radstream_consumer_waiting_seconds",
        "For how long the oldest of them has been there, at least",
        labels=labels,
        unit="seconds",
    )
    for one in report.lag:
        values = [one.part, one.topic, str(one.partition)]
        lag.add_metric(values, one.lag)
        waiting.add_metric(values, one.waiting_s)
    return [lag, waiting]


def _forecasts(said: ForecastHealth | None) -> list[Metric]:
    if said is None:
        return []
    by_model = int(said.version not in (None, BASELINE))
    found: list[Metric] = [
        _gauge("radstream_forecast_by_model", "Whether a trained model forecasts", by_model),
        CounterMetricFamily(
            "radstream_forecast_cpu_seconds", "Processor time of forecasts", value=said.cpu_s, unit="seconds"
        ),
    ]
    if said.is_drifted is not None:
        meaning = "Whether the last week is unlike the weeks that the model learned from"
        found.append(_gauge("radstream_forecast_drifted", meaning, int(said.is_drifted)))
    return found


def _counts(report: HealthReport) -> list[Metric]:
    return [
        CounterMetricFamily(f"radstream_{rate.name}", rate.meaning, value=rate.total) for rate in report.rates
    ]
