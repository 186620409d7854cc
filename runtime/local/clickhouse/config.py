"""What the local ClickHouse server is told, and the engine's settings file that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

MEBIBYTE: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyst:
    """The second user, who reads the views and nothing else (analyst.py)."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickHouseConfig:
    """One local ClickHouse server.

    `max_memory_mb` bounds the engine as a whole; one statement gets three quarters of it. `threads` bounds
    the statements that run at once. `dedup_window` is the engine-wide default of
    `non_replicated_deduplication_window`: 0, as in ClickHouse, since a window also drops two equal blocks
    that were meant; tables that are fed by retries set their own.
    """

    host: str
    port: int
    directory: Path
    user: str
    password: str = field(repr=False)
    analyst: Analyst | None = None
    database: str = "radstream"
    max_memory_mb: int = 1536
    threads: int = 8
    dedup_window: int = 0

    @property
    def engine_path(self) -> Path:
        """The engine's own directory."""
        return self.directory / "engine"

    @property
    def settings_path(self) -> Path:
        """The engine's settings file, written on each start."""
        return self.directory / "engine.xml"

    @property
    def spool_path(self) -> Path:
        """Results that a client asked to wait for, when they do not fit in memory."""
        return self.directory / "spool"


def engine_settings(config: ClickHouseConfig) -> str:
    """The engine's settings file.

    Durability: an insert is acknowledged after its part and the directory that names it are on disk
    (`fsync_after_insert`, `fsync_part_directory`), and a merge before its sources go
    (`min_*_to_fsync_after_merge` = 1: every merge). A table with a broken part refuses to load
    (`max_suspicious_broken_parts` = 0): the engine's default detaches such parts without a word.
    """
    return f"""<clickhouse>
  <max_server_memory_usage>{config.max_memory_mb * MEBIBYTE}</max_server_memory_usage>
  <mark_cache_size>{64 * MEBIBYTE}</mark_cache_size>
  <primary_index_cache_size>{64 * MEBIBYTE}</primary_index_cache_size>
  <merge_tree>
    <fsync_after_insert>1</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
    <min_rows_to_fsync_after_merge>1</min_rows_to_fsync_after_merge>
    <min_compressed_bytes_to_fsync_after_merge>1</min_compressed_bytes_to_fsync_after_merge>
    <max_suspicious_broken_parts>0</max_suspicious_broken_parts>
    <non_replicated_deduplication_window>{config.dedup_window}</non_replicated_deduplication_window>
  </merge_tree>
</clickhouse>
"""


def base_settings(config: ClickHouseConfig) -> dict[str, str]:
    """Settings of every new connection, and what a request's own settings fall back to.

    The embedded engine ignores profiles in its settings file, so they are set by statement.
    """
    return {
        "max_memory_usage": str(config.max_memory_mb * MEBIBYTE * 3 // 4),
        "implicit_select": "0",
        "async_insert": "0",
        "fsync_metadata": "1",
        "deduplicate_blocks_in_dependent_materialized_views": "1",
    }
