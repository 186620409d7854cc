"""The broker's `server.properties` and the options of its Java, as pure functions of the config."""

from __future__ import annotations

from pathlib import Path

from runtime.local.kafka.config import NODE_ID, KafkaConfig, KafkaInstallation
from runtime.local.kafka.java import Java

MESSAGE_MAX_BYTES = 8 * 1024 * 1024


def server_properties(config: KafkaConfig, log_directory: Path | None = None) -> str:
    """One node that is broker and controller; nothing in it depends on anything but the config."""
    broker, controller = f"{config.host}:{config.port}", f"{config.host}:{config.controller_port}"
    values = {
        "process.roles": "broker,controller",
        "node.id": NODE_ID,
        # A static quorum: a dynamic one keeps the controller's address in its data, and our ports may change.
        "controller.quorum.voters": f"{NODE_ID}@{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"BROKER://{broker},CONTROLLER://{controller}",
        "advertised.listeners": f"BROKER://{broker}",
        "inter.broker.listener.name": "BROKER",
        "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": log_directory or config.log_directory,
        **_DURABILITY,
        **_SINGLE_NODE,
        **_QUICKNESS,
    }
    return "".join(f"{name}={_escape(str(value))}\n" for name, value in values.items())


def _escape(value: str) -> str:
    """As `java.util.Properties` reads it: Latin-1 with backslash escapes, so ASCII is safe."""
    units = value.replace("\\", "\\\\").encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(chr(code) if code < 128 else f"\\u{code:04x}" for code in codes)


_DURABILITY = {
    "auto.create.topics.enable": "false",
    "unclean.leader.election.enable": "false",
    "message.max.bytes": MESSAGE_MAX_BYTES,
    "replica.fetch.max.bytes": MESSAGE_MAX_BYTES,
    # log.flush.interval.messages stays at its default: what is acknowledged is in the page cache, which
    # outlives the death of the process (kill -9) but not of the machine. Production has replicas for that;
    # an fsync per batch here would cost most of the throughput.
}

_SINGLE_NODE = {
    "default.replication.factor": 1,
    "min.insync.replicas": 1,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 4,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,  # of the heap, taken at the start; default 128 MB
}

_QUICKNESS = {
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1000,
    # After kill -9 the controller refuses the broker's new self until the old one's session is over:
    # measured restart 12.7 s with the default of 9 s, 4.3 s with 2 s (3.2 s with archived classes).
    "broker.session.timeout.ms": 2000,
    "broker.heartbeat.interval.ms": 400,
}

# Measured on 2 cores, Java 17: the serial collector with the first compiler alone is ready in 1.9-2.8 s and
# 2.7-3.6 CPU seconds, G1 with both compilers in 2.7-3.2 s and 5.2; per produced message it needs no more CPU
# in the first minutes either (9-11 us against 10-17).
_JAVA_OPTIONS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:+PerfDisableSharedMem",
    "-Djava.awt.headless=true",
    "-Duser.timezone=UTC",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS'Z'",
    "-Dorg.slf4j.simpleLogger.showThreadName=false",
    # At every stop it warns that a client was closed twice.
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.clients.NetworkClient=error",
)


def broker_command(config: KafkaConfig) -> tuple[str, ...]:
    """The command that runs the broker in the foreground."""
    archive = config.installation.class_archive
    options = replay_options(config.installation.java, archive) if archive is not None else ()
    return java_command(
        config.installation, config.heap_mb, "kafka.Kafka", str(config.properties_path), options=options
    )


_AOT_SINCE = 25  # AOT caches made in one run (JEP 514); before that, archives made at exit (JEP 350)
# Caching adapters as well makes Java 25 complain of names that differ at every start.
_AOT_WITHOUT_ADAPTERS = ("-XX:+UnlockDiagnosticVMOptions", "-XX:-AOTAdapterCaching", "-XX:-AOTStubCaching")


def record_options(java: Java, archive: Path) -> tuple[str, ...]:
    """Options that make this Java write an archive of the classes it used when it ends."""
    if java.major >= _AOT_SINCE:
        return (*_AOT_WITHOUT_ADAPTERS, f"-XX:AOTCacheOutput={archive}")
    return (f"-XX:ArchiveClassesAtExit={archive}",)


def replay_options(java: Java, archive: Path) -> tuple[str, ...]:
    """Options that make this Java start from the archive; one that does not fit is ignored by Java."""
    if java.major >= _AOT_SINCE:
        return (*_AOT_WITHOUT_ADAPTERS, f"-XX:AOTCache={archive}")
    return (f"-XX:SharedArchiveFile={archive}",)


def java_command(
    installation: KafkaInstallation,
    heap_mb: int,
    main_class: str,
    *arguments: str,
    options: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """A command that runs one of Kafka's main classes."""
    memory = (f"-Xms{min(64, heap_mb)}m", f"-Xmx{heap_mb}m")
    program = str(installation.java.program)
    return (
        *(program, *memory, *_JAVA_OPTIONS, *options),
        *("-cp", installation.class_path, main_class, *arguments),
    )
