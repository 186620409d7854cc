"""The broker's data directory: formatted once, checked before every start, never wiped."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import uuid
from pathlib import Path

from runtime.local.kafka.config import JAVA_ENVIRONMENT, NODE_ID, KafkaConfig
from runtime.local.kafka.properties import java_command, server_properties
from runtime.stack.errors import KafkaDataError

FORMAT_TIMEOUT_S = 120.0
FORMAT_HEAP_MB = 128
# The first snapshot of the metadata log: which features this Kafka has, the same in every cluster.
_SNAPSHOT = Path("__cluster_metadata-0", "00000000000000000000-0000000000.checkpoint")


def prepare_storage(config: KafkaConfig) -> None:
    """Writes `server.properties`; formats a new directory, checks an existing one.

    Raises `KafkaDataError` if the directory is damaged or belongs to another cluster.
    """
    if "," in str(config.directory):
        raise KafkaDataError(
            f"Kafka cannot keep data below {config.data}, it reads a comma as the end of the path: "
            "set RADSTREAM_DATA to a path without commas"
        )
    config.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    config.properties_path.write_text(server_properties(config), "utf-8")
    if config.log_directory.exists():
        _check(config)
    else:
        _format(config)


def _format(config: KafkaConfig) -> None:
    """Formats beside the final place and renames: a kill in between leaves nothing half made there.

    Kafka's tool takes a Java of its own, 1 s. What it writes are identities and the first snapshot of the
    metadata; that is kept beside the jars, so that the second directory is formatted without Java.
    """
    draft = config.directory / "log.new"
    shutil.rmtree(draft, ignore_errors=True)  # of a format that was cut short: nothing was ever stored in it
    cluster_id = _cluster_id(config.directory / "cluster_id")
    kept = config.installation.jars[0].with_name("formatted.checkpoint")
    if kept.is_file():
        (draft / _SNAPSHOT).parent.mkdir(parents=True)
        shutil.copyfile(kept, draft / _SNAPSHOT)
        _write_identities(draft / "meta.properties", cluster_id)
    else:
        _format_with_tool(config, draft, cluster_id)
        _keep(draft / _SNAPSHOT, kept)
    draft.rename(config.log_directory)


def _write_identities(path: Path, cluster_id: str) -> None:
    values = {"version": 1, "cluster.id": cluster_id, "node.id": NODE_ID, "directory.id": _new_id()}
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()), "ascii")


def _keep(snapshot: Path, kept: Path) -> None:
    draft = kept.with_name(f".{kept.name}.{os.getpid()}")  # two first formats may write at once
    try:
        shutil.copyfile(snapshot, draft)
        draft.replace(kept)
    except OSError:
        draft.unlink(missing_ok=True)  # a cache that others own: the tool will be asked again


def _format_with_tool(config: KafkaConfig, draft: Path, cluster_id: str) -> None:
    properties = config.directory / "format.properties"
    properties.write_text(server_properties(config, draft), "utf-8")
    # As one word: an id may begin with a hyphen, which the tool would take for an option.
    arguments = ("format", f"--cluster-id={cluster_id}", "--config", str(properties))
    command = java_command(config.installation, FORMAT_HEAP_MB, "kafka.tools.StorageTool", *arguments)
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            command,
            capture_output=True,
            text=True,
            timeout=FORMAT_TIMEOUT_S,
            check=False,
            env={**os.environ, **JAVA_ENVIRONMENT},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KafkaDataError(
            f"cannot format Kafka's data directory {config.log_directory}: {error}"
        ) from error
    if done.returncode != 0:
        reason = (done.stderr + done.stdout).strip().splitlines()[-3:]
        raise KafkaDataError(
            f"cannot format Kafka's data directory {config.log_directory}: {' '.join(reason)}"
        )
    properties.unlink()


def _check(config: KafkaConfig) -> None:
    path = config.log_directory / "meta.properties"
    advice = (
        f"restore {config.directory} from a backup, or move it away (do not delete it: it holds your events) "
        "and start with an empty log"
    )
    if not path.is_file():
        raise KafkaDataError(f"Kafka's data directory is damaged, {path} is missing: {advice}")
    found = _parse(path)
    if not {"cluster.id", "node.id", "version"} <= found.keys():
        raise KafkaDataError(f"Kafka's data directory is damaged, {path} is unreadable: {advice}")
    if found["node.id"] != str(NODE_ID):
        raise KafkaDataError(f"{path} belongs to node {found['node.id']}, not to {NODE_ID}: {advice}")
    expected = _cluster_id(config.directory / "cluster_id", default=found["cluster.id"])
    if found["cluster.id"] != expected:
        raise KafkaDataError(
            f"{path} belongs to cluster {found['cluster.id']}, but this directory was made for {expected} "
            f"({config.directory / 'cluster_id'}): {advice}"
        )


def _cluster_id(path: Path, default: str | None = None) -> str:
    """The id kept beside the log, else `default`, else a new one, which is then kept."""
    if path.is_file():
        return path.read_text("ascii", errors="replace").strip()
    cluster_id = default or _new_id()
    draft = path.with_suffix(".new")
    draft.write_text(cluster_id + "\n", "ascii")
    draft.replace(path)
    return cluster_id


def _new_id() -> str:
    """As Kafka writes a random UUID."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def _parse(path: Path) -> dict[str, str]:
    """Java properties, of the plain kind that Kafka writes here."""
    lines = path.read_text("latin-1").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, separator, value in pairs if separator}
