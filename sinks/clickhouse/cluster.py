"""Migrations for a cluster: the same statements on every replica, of tables that replicate. Pure.

One shard: every replica has every row. The servers' own `default_replica_path` and `default_replica_name` say
where the tables' replicas find each other, so no path stands here.
"""

from __future__ import annotations

import re

from sinks.clickhouse.errors import InvalidMigration

CLUSTER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_NAME = r"(?:`[^`]+`|[A-Za-z_][A-Za-z0-9_]*)"
# What ends a statement's name is where ON CLUSTER stands.
_HEAD = re.compile(
    rf"""(?P<head>
        CREATE\ (?:DATABASE|TABLE|MATERIALIZED\ VIEW|VIEW)\ IF\ NOT\ EXISTS\ {_NAME}
      | CREATE\ OR\ REPLACE\ (?:VIEW|DICTIONARY)\ {_NAME}
      | ALTER\ TABLE\ {_NAME}
      | TRUNCATE\ TABLE\ IF\ EXISTS\ {_NAME}
      | EXCHANGE\ TABLES\ {_NAME}\ AND\ {_NAME}
      | (?P<drop>DROP\ TABLE\ IF\ EXISTS\ {_NAME})
    )(?=\s|$)""",
    re.VERBOSE,
)
_ENGINE = re.compile(r"\bENGINE = (?=ReplacingMergeTree\b)")
_WINDOW = re.compile(r"\bnon_replicated_deduplication_window\b")


def on_cluster(statement: str, cluster: str | None) -> str:
    """`statement` as every replica of `cluster` has to run it; as it is without a cluster.

    An INSERT stays as it is: the tables replicate what is in them. Raises InvalidMigration where it is not
    known how a statement would reach the other replicas.
    """
    if cluster is None or statement.startswith("INSERT INTO "):
        return statement
    if not CLUSTER_NAME.fullmatch(cluster):
        raise InvalidMigration(f"{cluster!r} is no name for a cluster: letters, digits and _ only")
    found = _HEAD.match(statement)
    if found is None:
        raise InvalidMigration(f"no way to run this on a cluster: {' '.join(statement.split()[:6])}")
    rest = statement[found.end() :]
    if statement.startswith("CREATE TABLE"):
        rest = _WINDOW.sub("replicated_deduplication_window", _ENGINE.sub("ENGINE = Replicated", rest, 1))
    # SYNC: the same name may be made anew right after.
    return f"{found['head']} ON CLUSTER `{cluster}`{rest}{' SYNC' if found['drop'] else ''}"
