"""A key ring in a directory, for the local stack: one file per key, wrapped by the site's key.

Many processes may use one ring at the same time: a key file is written aside, synced, and linked into
place, so the first writer wins, nobody sees half a key, and kill -9 leaves either a whole key or none.
A destroyed key leaves an empty file, so that its name is never given to another key: what is said about
the patient afterwards is sealed under the next generation.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from schemas.errors import KeyDestroyed, KeyNotFound, KeyRingUnusable
from schemas.key_files import aside_of, emptied, sync_directory, write_new, written_aside
from schemas.phi import Generations

_KEY_BYTES = 32
_CACHED_KEYS = 4096


class FileKeyRing:
    """Data keys under `directory` (mode 0700), wrapped with AES Key Wrap (RFC 3394)."""

    def __init__(self, directory: Path, site_key: bytes) -> None:
        """Raises KeyRingUnusable where others may read the directory, or `site_key` is no AES-256 key."""
        if len(site_key) != _KEY_BYTES:
            raise KeyRingUnusable(f"the site's key has {len(site_key)} bytes, it needs {_KEY_BYTES}")
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if directory.stat().st_mode & 0o077:
            raise KeyRingUnusable(f"{directory} can be read by others: chmod 700 {directory}")
        self._directory = directory
        self._site_key = site_key
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._shelves: set[str] = set()

    def current_key(self, subject: str) -> tuple[str, bytes]:
        """Key id and key to seal with; made, and durable, on first use."""
        generation = 1
        while True:
            key_id = f"{subject}/{generation}"
            try:
                return key_id, self.key(key_id)
            except KeyDestroyed:
                generation += 1
            except KeyNotFound:
                self._create(key_id)

    def make_keys(self, subjects: Iterable[str]) -> int:
        """The first key of every subject that has none, all durable at once; how many were made.

        One sync of the file systems instead of three of each key: for those who make thousands.
        """
        paths = {self._path_text(f"{subject}/1") for subject in subjects}
        missing = sorted(path for path in paths if not os.path.exists(path))  # noqa: PTH110 - as in `key`
        asides = [self._lay_aside(path) for path in missing]
        if missing:
            os.sync()  # what has a key's name has its bytes, whenever the power fails
        for path, aside in zip(missing, asides, strict=True):
            with suppress(FileExistsError):  # another process made it first: its key counts
                os.link(aside, path)
            os.unlink(aside)  # noqa: PTH108 - as in `key`
        if missing:
            os.sync()
        return len(missing)

    def key(self, key_id: str) -> bytes:
        """The key called `key_id`. Raises KeyNotFound, KeyDestroyed or KeyRingUnusable."""
        path = self._path_text(key_id)
        try:
            size = os.stat(path).st_size  # noqa: PTH116 - per event; building a Path costs twice the call
        except FileNotFoundError:
            raise KeyNotFound(f"no key {key_id}") from None
        # The file decides, not the cache: a key that another process destroyed is gone here too.
        if not size:
            self._cache.pop(key_id, None)
            raise KeyDestroyed(f"key {key_id} was destroyed")
        # Another thread may drop it from the cache at any moment: what is returned is held here.
        key = self._cache.get(key_id)
        if key is None:
            key = self._cache[key_id] = self._read(Path(path), key_id)
            if len(self._cache) > _CACHED_KEYS:
                self._cache.popitem(last=False)
        return key

    def destroy(self, subject: str) -> int:
        """Destroy every key of the subject, for ever; how many there were."""
        destroyed = 0
        for generation in count(1):
            path = self._path(f"{subject}/{generation}")
            if not path.exists():
                break
            if path.stat().st_size:
                emptied(path)
                destroyed += 1
        return destroyed

    def bury(self, subject: str, generation: int) -> None:
        """Make every key up to the generation a destroyed one, also those that this ring never had: for a
        copy of a ring that is older than an erasure.
        """
        for number in range(1, generation + 1):
            path = self._path(f"{subject}/{number}")
            if not path.exists() or path.stat().st_size:
                self._make_shelf(str(path.parent))
                emptied(path)

    def generations(self, subject: str) -> Generations:
        """How many keys the subject has and had."""
        sizes: list[int] = []
        for generation in count(1):
            path = self._path(f"{subject}/{generation}")
            if not path.exists():
                break
            sizes.append(path.stat().st_size)
        living = sum(size > 0 for size in sizes)
        return Generations(living=living, destroyed=len(sizes) - living)

    def _path(self, key_id: str) -> Path:
        return Path(self._path_text(key_id))

    def _path_text(self, key_id: str) -> str:
        name = hashlib.sha256(key_id.encode()).hexdigest()
        return f"{self._directory}/{name[:2]}/{name}.key"

    def _read(self, path: Path, key_id: str) -> bytes:
        wrapped = path.read_bytes()
        if not wrapped:
            raise KeyDestroyed(f"key {key_id} was destroyed")
        try:
            return aes_key_unwrap(self._site_key, wrapped)
        except InvalidUnwrap:
            raise KeyRingUnusable(f"key {key_id} does not unwrap: damaged, or another site key") from None

    def _create(self, key_id: str) -> None:
        path = self._path_text(key_id)
        shelf = os.path.dirname(path)  # noqa: PTH120 - as in `key`
        self._make_shelf(shelf)
        with (
            written_aside(path, aes_key_wrap(self._site_key, os.urandom(_KEY_BYTES))) as aside,
            suppress(FileExistsError),  # another process made it first: its key counts
        ):
            os.link(aside, path)
        sync_directory(shelf)

    def _lay_aside(self, path: str) -> str:
        """A new key beside `path`, not durable yet."""
        self._make_shelf(os.path.dirname(path))  # noqa: PTH120 - as in `key`
        aside = aside_of(path)
        write_new(aside, aes_key_wrap(self._site_key, os.urandom(_KEY_BYTES)), durable=False)
        return aside

    def _make_shelf(self, shelf: str) -> None:
        """The directory of some keys, durable: once a process is enough."""
        if shelf not in self._shelves:
            Path(shelf).mkdir(mode=0o700, exist_ok=True)
            sync_directory(self._directory)
            self._shelves.add(shelf)
