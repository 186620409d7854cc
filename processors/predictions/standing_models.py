"""Models that are asked for beside the work: a thread brings them, the forecasts never wait."""

from __future__ import annotations

import threading
import time

import structlog

from processors.predictions.config import ForecastConfig, InUse, Unanswered
from schemas.forecast_features import DRIFTED

log = structlog.get_logger("predictions")
# Of the time so much is spent on calibrating: one part in twenty.
_SHARE = 20.0


class ModelsInUse:
    """What forecasts now. A thread of its own asks for another version, and calibrates anew."""

    def __init__(self, config: ForecastConfig) -> None:
        self._config = config
        self._stop = threading.Event()
        self._found: InUse | None = None
        self._is_new = threading.Event()
        self._thread = threading.Thread(target=self._run, name="models", daemon=True)

    def start(self) -> None:
        """Ask for the first time, in the background."""
        self._thread.start()

    def close(self) -> None:
        """Stop asking. What is under way ends by itself, or with the process."""
        self._stop.set()

    @property
    def now(self) -> InUse | None:
        """None where nothing can be forecast yet."""
        return self._found

    def take_new(self) -> bool:
        """Whether another came since this was asked last."""
        was_new = self._is_new.is_set()
        self._is_new.clear()
        return was_new

    def _run(self) -> None:
        next_s = 0.0
        while not self._stop.is_set():
            try:
                if time.monotonic() >= next_s or self._wanted() != self._config.version_in_use():
                    took_s = self._renew()
                    next_s = time.monotonic() + min(self._config.renew_every_s, _SHARE * took_s)
            except Unanswered as error:
                log.warning("models_unanswered", reason=str(error))
            except Exception:  # whatever it is: what forecasts goes on, and it is tried again
                log.exception("models_failed")
                next_s = time.monotonic() + self._config.renew_every_s
            self._stop.wait(self._config.ask_every_s)

    def _renew(self) -> float:
        began_s = time.monotonic()
        self._found = self._config.in_use()
        self._is_new.set()
        took_s = time.monotonic() - began_s
        found = self._found
        version = None if found is None else found.version
        log.info("models_in_use", version=version, seconds=round(took_s, 1))
        if found is not None and found.drift is not None and found.drift.verdict == DRIFTED:
            log.warning("models_drifted", version=version, reason="; ".join(found.drift.reasons))
        return took_s

    def _wanted(self) -> str | None:
        # Not what forecasts: where a version cannot be used, it is not asked for again at each look.
        return None if self._found is None else self._found.wanted
