"""The store of models without the object store: for tests of who uses it."""

from __future__ import annotations

from runtime.predictions.store import ModelStore, NoSuchModel, StoreUnreachable


class StoreInMemory(ModelStore):
    """The store of models, without the object store."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.is_away = False

    def _get(self, name: str) -> bytes:
        if self.is_away:
            raise StoreUnreachable("object store: MaxRetryError")
        if name not in self.kept:
            raise NoSuchModel(name)
        return self.kept[name]

    def _put(self, name: str, content: bytes) -> None:
        self.kept[name] = content

    def _create(self, name: str, content: bytes) -> None:
        self.kept[name] = content

    def _ensure_bucket(self) -> None:
        pass

    def versions(self) -> list[str]:
        """As the object store lists them."""
        return sorted(name.split("/")[1] for name in self.kept if name.endswith("/about.json"))
