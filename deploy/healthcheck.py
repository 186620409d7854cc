"""Container health: exit code 0 when the role in the first argument has said that it serves."""

from __future__ import annotations

import sys

from runtime.installation import Installation, has_announced
from runtime.settings import Settings

sys.exit(0 if has_announced(Installation(Settings()).ready_path(sys.argv[1])) else 1)
