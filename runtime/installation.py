"""One installation, resolved: addresses, secrets and places, from its settings.

Every process of an installation gets the same settings, so every process resolves the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil

from runtime.settings import Settings
from runtime.stack.secrets import read_or_create
from schemas.clock import DepartmentClock
from schemas.image_store_config import ImageStoreConfig
from schemas.keyring_config import FileKeyRingConfig, KeyRingConfig
from schemas.vault_config import VaultKeyRingConfig

PORT_FIELDS = tuple(sorted(name for name in Settings.model_fields if name.endswith("_port")))


@dataclass(frozen=True, slots=True)
class Installation:
    """Where everything of one installation is."""

    settings: Settings

    @property
    def data(self) -> Path:
        """The data directory, absolute."""
        return self.settings.data.expanduser().absolute()

    @property
    def kafka_bootstrap(self) -> str:
        """host:port[,host:port] of Kafka."""
        return self.settings.kafka_bootstrap or f"{self.settings.host}:{self.settings.kafka_port}"

    @property
    def registry_url(self) -> str:
        """Base address of the schema registry."""
        return self.settings.registry_url or f"http://{self.settings.host}:{self.settings.registry_port}"

    @property
    def clickhouse_url(self) -> str:
        """Base address of ClickHouse's HTTP interface."""
        return self.settings.clickhouse_url or f"http://{self.settings.host}:{self.settings.clickhouse_port}"

    @property
    def s3_endpoint(self) -> str:
        """Base address of the object store."""
        return self.settings.s3_endpoint or f"http://{self.settings.host}:{self.settings.s3_port}"

    @property
    def dashboard_url(self) -> str:
        """Address of the live board."""
        scheme = "http" if self.settings.dashboard_tls_certificate is None else "https"
        return f"{scheme}://{self.settings.host}:{self.settings.dashboard_port}"

    @property
    def key_directory(self) -> Path:
        """The key ring of files."""
        return self.data / "keys"

    def key_ring_config(self) -> KeyRingConfig:
        """The key ring that every process of the installation uses. Raises ValueError as `secret_key`."""
        settings = self.settings
        if settings.key_ring == "file":
            return FileKeyRingConfig(directory=self.key_directory, site_key=self.secret_key("site_key"))
        return VaultKeyRingConfig(
            address=settings.vault_address,
            token_file=settings.vault_token_file or self.data / "secrets" / "vault_token",
            transit_mount=settings.vault_transit_mount,
            transit_key=settings.vault_transit_key,
            kv_mount=settings.vault_kv_mount,
            kv_path=settings.vault_kv_path,
            namespace=settings.vault_namespace,
            ca_file=settings.vault_ca_file,
            timeout_s=settings.vault_timeout_s,
        )

    def image_store_config(self) -> ImageStoreConfig:
        """The bucket of the images."""
        return ImageStoreConfig(
            endpoint=self.s3_endpoint,
            access_key=self.secret("s3_access_key"),
            secret_key=self.secret("s3_secret_key"),
            bucket=self.settings.s3_bucket,
        )

    def secret(self, name: str) -> str:
        """A secret: from the settings, else its file, made on first use."""
        given: str | None = getattr(self.settings, name, None)
        return given or read_or_create(self.data, name)

    def secret_key(self, name: str) -> bytes:
        """A secret of 32 bytes. Raises ValueError where it is not 64 hexadecimal digits."""
        key = bytes.fromhex(self.secret(name))
        if len(key) != 32:
            raise ValueError(f"{name}: expected 64 hexadecimal digits")
        return key

    def clock(self) -> DepartmentClock:
        """The department's clock: the wall's, unless a simulated department says otherwise."""
        if self.settings.clock is None:
            return DepartmentClock.identity()
        return DepartmentClock.parse(self.settings.clock)

    def now(self) -> Callable[[], datetime]:
        """The department's present, UTC."""
        clock = self.clock()
        return lambda: clock.now(datetime.now(UTC))

    def local_now(self) -> Callable[[], datetime]:
        """The department's present by the clock on its wall. Raises zoneinfo.ZoneInfoNotFoundError."""
        now, zone = self.now(), ZoneInfo(self.settings.zone)
        return lambda: now().astimezone(zone)

    def endpoints(self) -> Mapping[str, str]:
        """Addresses for clients, as the state file publishes them."""
        return {
            "kafka": self.kafka_bootstrap,
            "registry": self.registry_url,
            "clickhouse": self.clickhouse_url,
            "object_store": self.s3_endpoint,
            "hl7": f"{self.settings.host}:{self.settings.hl7_port}",
            "dicom": f"{self.settings.host}:{self.settings.dicom_port}",
            "dashboard": self.dashboard_url,
        }

    def environment(self) -> dict[str, str]:
        """The settings as the environment of a child process."""
        given = self.settings.model_dump(exclude_none=True)
        return {f"RADSTREAM_{name.upper()}": str(value) for name, value in given.items()} | {
            "RADSTREAM_DATA": str(self.data)
        }

    def announcer(self, role: str) -> Callable[[], None]:
        """What a role calls once it serves."""
        return partial(announce_ready, self.ready_path(role))

    def ready_path(self, part: str) -> Path:
        """The file in which a part says that it serves."""
        return self.data / "run" / "ready" / part

    def metrics_path(self, part: str) -> Path:
        """The file in which a part says what it has done."""
        return self.data / "run" / "metrics" / f"{part}.json"


def numbered(role: str, number: int) -> str:
    """The name of one of several processes of a role: the first one's is the role's."""
    return role if number == 1 else f"{role}-{number}"


def announce_ready(path: Path) -> None:
    """Say that this process serves."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    me = psutil.Process()
    draft.write_text(f"{me.pid} {me.create_time()}", "ascii")
    draft.replace(path)


def has_announced(path: Path) -> bool:
    """Whether the process that announced itself in `path` still lives."""
    try:
        pid, created_at = path.read_text("ascii").split()
        return abs(psutil.Process(int(pid)).create_time() - float(created_at)) < 1
    except (OSError, ValueError, psutil.Error):
        return False
