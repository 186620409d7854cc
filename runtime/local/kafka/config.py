"""What the local broker is made of and where it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runtime.local.kafka.java import Java

NODE_ID = 1
JAVA_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}  # in the C locale Java cannot open paths beyond ASCII


@dataclass(frozen=True, kw_only=True)
class KafkaInstallation:
    """The program: the jars in their cache, a Java, and the classes archived for that pair, if made."""

    jars: tuple[Path, ...]
    java: Java
    class_archive: Path | None = None

    @property
    def class_path(self) -> str:
        """In the lock's order: an archive of classes is valid for one class path only."""
        return ":".join(str(jar) for jar in self.jars)


@dataclass(frozen=True, kw_only=True)
class KafkaConfig:
    """One broker: its data under `<data>/kafka`, its two listeners on `host`, its heap in MB."""

    installation: KafkaInstallation
    data: Path
    port: int
    controller_port: int
    host: str = "127.0.0.1"
    heap_mb: int = 512

    @property
    def directory(self) -> Path:
        """All that the broker keeps."""
        return self.data / "kafka"

    @property
    def log_directory(self) -> Path:
        """Kafka's `log.dirs`: topics and cluster metadata."""
        return self.directory / "log"

    @property
    def properties_path(self) -> Path:
        """The generated `server.properties`."""
        return self.directory / "server.properties"

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return f"{self.host}:{self.port}"
