"""One partition's states, and what Kafka has of each exam, on disk: memory stays bounded, however many.

What Kafka has is kept as a digest: it is only ever compared.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import cast

from rocksdict import Options, Rdict, WriteBatch

_MB = 1024 * 1024
_STATE, _UNWRITTEN, _OFFSET = b"s", b"u", b"o"


def digest(value: bytes) -> bytes:
    """16 bytes that stand for `value`."""
    return blake2b(value, digest_size=16).digest()


class Shelf:
    """States by exam, and digests by topic and exam."""

    def __init__(self, directory: Path, topics: Iterable[str], *, keep: bool = False) -> None:
        """`directory` is made, and removed by `close`. `topics`: those of which digests are kept.

        keep: it stays, with the states that are in it, and the next one to open it goes on from them.
        """
        self._directory = directory
        self._keep = keep
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        options = Options(raw_mode=True)
        options.set_write_buffer_size(16 * _MB)
        self._prefixes = {topic: bytes([number]) for number, topic in enumerate(topics)}
        self._db = Rdict(str(directory), options=options)
        # What Kafka has is looked at anew: a message that compaction took would be seen for ever.
        self._db.delete_range(bytes([0]), bytes([len(self._prefixes)]))

    def state(self, key: bytes) -> bytes | None:
        """The state of the exam `key`."""
        found: bytes | None = self._db.get(_STATE + key)
        return found

    def put_states(self, states: Mapping[bytes, bytes], offset: int = 0) -> None:
        """Keep states, and that the log is folded up to `offset`: all of it or nothing."""
        batch = WriteBatch(raw_mode=True)
        for key, state in states.items():
            batch.put(_STATE + key, state)
            if self._keep:
                batch.put(_UNWRITTEN + key, b"")
        batch.put(_OFFSET, str(offset).encode())
        self._db.write(batch)

    def offset(self) -> int:
        """Up to where the log is folded."""
        found: bytes | None = self._db.get(_OFFSET)
        return 0 if found is None else int(found)

    def unwritten(self) -> Iterator[bytes]:
        """Exams whose state `note_written` was not told of since it changed; only of a shelf that is kept."""
        return self._keys(_UNWRITTEN)

    def note_written(self, keys: Iterable[bytes]) -> None:
        """What is made from these exams' states is where it belongs."""
        batch = WriteBatch(raw_mode=True)
        for key in keys:
            batch.delete(_UNWRITTEN + key)
        self._db.write(batch)

    def put_seen(self, topic: str, values: Mapping[bytes, bytes | None]) -> None:
        """Keep what `topic` has last of each exam; None where it was taken out."""
        prefix = self._prefixes[topic]
        batch = WriteBatch(raw_mode=True)
        for key, value in values.items():
            if value is None:
                batch.delete(prefix + key)
            else:
                batch.put(prefix + key, digest(value))
        self._db.write(batch)

    def seen(self, topic: str, key: bytes) -> bytes | None:
        """The digest of what `topic` has of the exam `key`."""
        found: bytes | None = self._db.get(self._prefixes[topic] + key)
        return found

    def keys(self) -> Iterator[bytes]:
        """Every exam that has a state."""
        return self._keys(_STATE)

    def strays(self) -> Iterator[bytes]:
        """Exams that a topic has and that have no state; each as often as a topic has it."""
        for prefix in self._prefixes.values():
            yield from (key for key in self._keys(prefix) if self.state(key) is None)

    def close(self) -> None:
        """Remove all of it, unless it is kept."""
        self._db.close()
        if not self._keep:
            shutil.rmtree(self._directory, ignore_errors=True)

    def _keys(self, prefix: bytes) -> Iterator[bytes]:
        for key in self._db.keys(from_key=prefix):
            name = cast("bytes", key)  # in raw mode there is nothing else
            if not name.startswith(prefix):
                return
            yield name[len(prefix) :]
