"""Where the images' bucket is, for processes that do not read it as well: they load no S3 client."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStoreConfig:
    """The object store that has the images. endpoint: `http(s)://host:port`."""

    endpoint: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    bucket: str
