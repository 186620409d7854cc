"""A Faust table whose changelog messages can be awaited.

Stock Faust acknowledges the source event before its changelog message is known to be in Kafka. The fold
wants the reverse, so this table collects the futures of what it sends while a flush is under way.
"""

from __future__ import annotations

from typing import Any

import faust


class AwaitableTable(faust.Table[bytes, bytes]):
    """Collects the changelog futures in `pending` while it is a list."""

    pending: list[Any] | None = None

    def send_changelog(self, *args: Any, **kwargs: Any) -> Any:
        """Send as Faust does, and remember the future."""
        future = super().send_changelog(*args, **kwargs)
        if self.pending is not None:
            self.pending.append(future)
        return future
