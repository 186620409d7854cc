"""Compatibility level and mode, of the registry and of one subject."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runtime.local.registry.compatibility import parse_level
from runtime.local.registry.errors import RegistryError
from runtime.local.registry.registry import MODES, Registry
from runtime.local.registry.wire import answer, flag, read_json


def option_routes(registry: Registry) -> list[Route]:
    """The routes below /config and /mode."""
    options = _Options(registry)
    return [
        Route(path + suffix, endpoint, methods=[method])
        for path, endpoints in (
            ("/config", {"GET": options.config, "PUT": options.set_config, "DELETE": options.reset_config}),
            ("/mode", {"GET": options.mode, "PUT": options.set_mode, "DELETE": options.reset_mode}),
        )
        for suffix in ("", "/{subject:path}")
        for method, endpoint in endpoints.items()
    ]


class _Options:
    """One method per endpoint."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def config(self, request: Request) -> Response:
        subject = _subject(request)
        if subject and self._own("compatibility", subject) is None and not flag(request, "defaultToGlobal"):
            text = f"Subject '{subject}' does not have subject-level compatibility configured"
            raise RegistryError(40408, text)
        return answer({"compatibilityLevel": self._registry.level(subject)})

    async def set_config(self, request: Request) -> Response:
        content = await read_json(request)
        unknown = sorted(name for name, value in content.items() if name != "compatibility" and value)
        if unknown:
            raise RegistryError(
                42203, f"Only 'compatibility' can be configured here, not {', '.join(unknown)}"
            )
        level = parse_level(content.get("compatibility"))
        self._set("compatibility", level, _subject(request))
        return answer({"compatibility": level})

    async def reset_config(self, request: Request) -> Response:
        level = self._registry.level(_subject(request))
        self._set("compatibility", None, _subject(request))
        return answer({"compatibilityLevel": level})

    async def mode(self, request: Request) -> Response:
        subject = _subject(request)
        if subject and self._own("mode", subject) is None and not flag(request, "defaultToGlobal"):
            raise RegistryError(40409, f"Subject '{subject}' does not have subject-level mode configured")
        return answer({"mode": self._registry.mode(subject)})

    async def set_mode(self, request: Request) -> Response:
        mode = str((await read_json(request)).get("mode")).upper()
        if mode not in MODES:
            raise RegistryError(42204, f"Invalid mode. Valid values are {', '.join(MODES)}")
        self._set("mode", mode, _subject(request))
        return answer({"mode": mode})

    async def reset_mode(self, request: Request) -> Response:
        mode = self._registry.mode(_subject(request))
        self._set("mode", None, _subject(request))
        return answer({"mode": mode})

    def _own(self, name: str, subject: str) -> str | None:
        return self._registry.store.option(name, subject)

    def _set(self, name: str, value: str | None, subject: str | None) -> None:
        with self._registry.store.transaction():
            self._registry.store.set_option(name, value, subject)


def _subject(request: Request) -> str | None:
    return request.path_params.get("subject") or None
