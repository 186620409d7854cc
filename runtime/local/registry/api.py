"""The Confluent-compatible REST API.

https://docs.confluent.io/platform/current/schema-registry/develop/api.html
"""

from __future__ import annotations

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runtime.local.registry.avro_schema import guid_of
from runtime.local.registry.deletion import delete_subject, delete_version
from runtime.local.registry.errors import RegistryError, schema_not_found
from runtime.local.registry.options import option_routes
from runtime.local.registry.registry import LATEST, Registry
from runtime.local.registry.store import Version
from runtime.local.registry.wire import (
    MEDIA_TYPE,
    answer,
    failure,
    flag,
    page,
    read_schema,
    schema_json,
    version_json,
)

log = structlog.get_logger("registry")


def create_app(registry: Registry) -> Starlette:
    """The API as an ASGI application."""
    api = _Api(registry)
    subject = "/subjects/{subject:path}"
    version = subject + "/versions/{version}"
    routes = [
        Route("/", api.root),
        Route("/contexts", api.contexts),
        Route("/schemas", api.schemas),
        Route("/schemas/types", api.types),
        Route("/schemas/ids/{id:int}", api.schema),
        Route("/schemas/ids/{id:int}/schema", api.schema_text),
        Route("/schemas/ids/{id:int}/versions", api.schema_versions),
        Route("/schemas/ids/{id:int}/subjects", api.schema_subjects),
        Route("/schemas/guids/{guid}", api.schema_by_guid),
        Route("/compatibility" + version, api.compatible, methods=["POST"]),
        Route("/compatibility" + subject + "/versions", api.compatible, methods=["POST"]),
        *option_routes(registry),
        Route("/subjects", api.subjects),
        Route(version + "/schema", api.version_text),
        Route(version + "/referencedby", api.referenced_by),
        Route(version, api.version),
        Route(version, api.delete_version, methods=["DELETE"]),
        Route(subject + "/versions", api.versions),
        Route(subject + "/versions", api.register, methods=["POST"]),
        Route(subject, api.lookup, methods=["POST"]),
        Route(subject, api.delete_subject, methods=["DELETE"]),
    ]
    handlers = {RegistryError: _registry_error, HTTPException: _http_error, Exception: _fault}
    return Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]  # narrower exceptions


class _Api:
    """One method per endpoint."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def root(self, _: Request) -> Response:
        return answer({})

    async def contexts(self, request: Request) -> Response:
        named = {name.split(":")[1] for name in self._registry.subjects() if name.startswith(":.")}
        return answer(page(request, sorted({"."} | named)))

    async def types(self, _: Request) -> Response:
        return answer(["AVRO"])

    async def schemas(self, request: Request) -> Response:
        prefix, deleted = request.query_params.get("subjectPrefix", ""), flag(request, "deleted")
        found = [
            each
            for subject in self._registry.subjects(prefix=prefix, deleted=deleted)
            for each in self._registry.versions(subject, deleted=deleted)
        ]
        if flag(request, "latestOnly"):
            found = list({each.subject: each for each in found}.values())
        return answer(page(request, [version_json(each) for each in found]))

    async def schema(self, request: Request) -> Response:
        versions = self._by_id(request)
        newest = max(each.schema_id for each in self._registry.store.versions())
        extra = {"maxId": newest} if flag(request, "fetchMaxId") else {}
        return answer(schema_json(versions[0]) | {"guid": guid_of(versions[0].fingerprint)} | extra)

    async def schema_text(self, request: Request) -> Response:
        return _text(self._by_id(request)[0])

    async def schema_versions(self, request: Request) -> Response:
        found = self._shown(request, self._by_id(request))
        return answer(page(request, [{"subject": each.subject, "version": each.version} for each in found]))

    async def schema_subjects(self, request: Request) -> Response:
        found = self._shown(request, self._by_id(request))
        return answer(page(request, list(dict.fromkeys(each.subject for each in found))))

    async def schema_by_guid(self, request: Request) -> Response:
        guid = request.path_params["guid"]
        found = self._registry.store.versions(fingerprint=guid.replace("-", "").lower())
        if not found or guid_of(found[0].fingerprint) != guid.lower():
            raise schema_not_found(guid)
        return answer(schema_json(found[0]) | {"guid": guid_of(found[0].fingerprint)})

    async def subjects(self, request: Request) -> Response:
        prefix, deleted = request.query_params.get("subjectPrefix", ""), flag(request, "deleted")
        found = self._registry.subjects(prefix=prefix, deleted=deleted or flag(request, "deletedOnly"))
        if flag(request, "deletedOnly"):
            live = set(self._registry.subjects(prefix=prefix))
            found = [subject for subject in found if subject not in live]
        return answer(page(request, found))

    async def versions(self, request: Request) -> Response:
        found = self._registry.versions(request.path_params["subject"], deleted=flag(request, "deleted"))
        return answer(page(request, [each.version for each in found]))

    async def version(self, request: Request) -> Response:
        return answer(version_json(self._version(request)))

    async def version_text(self, request: Request) -> Response:
        return _text(self._version(request))

    async def referenced_by(self, request: Request) -> Response:
        return answer(page(request, self._registry.referenced_by(self._version(request))))

    async def register(self, request: Request) -> Response:
        subject = request.path_params["subject"]
        schema = await read_schema(request)
        schema_id = self._registry.register(subject, schema)
        log.info("schema_registered", subject=subject, schema_id=schema_id)
        return answer({"id": schema_id, "guid": guid_of(schema.fingerprint)})

    async def lookup(self, request: Request) -> Response:
        schema = await read_schema(request)
        subject = request.path_params["subject"]
        return answer(version_json(self._registry.lookup(subject, schema, deleted=flag(request, "deleted"))))

    async def delete_subject(self, request: Request) -> Response:
        subject = request.path_params["subject"]
        return answer(delete_subject(self._registry, subject, permanent=flag(request, "permanent")))

    async def delete_version(self, request: Request) -> Response:
        subject, version = request.path_params["subject"], request.path_params["version"]
        return answer(delete_version(self._registry, subject, version, permanent=flag(request, "permanent")))

    async def compatible(self, request: Request) -> Response:
        schema = await read_schema(request)
        number = request.path_params.get("version")
        try:
            problems = self._registry.problems(request.path_params["subject"], schema, number)
        except RegistryError as error:
            # Nothing before it: Confluent's API calls that compatible for `latest`, an error for a number.
            if number != LATEST or error.error_code != 40401:
                raise
            problems = []
        messages = {"messages": problems} if flag(request, "verbose") else {}
        return answer({"is_compatible": not problems} | messages)

    def _version(self, request: Request) -> Version:
        subject, number = request.path_params["subject"], request.path_params["version"]
        return self._registry.version(subject, number, deleted=flag(request, "deleted"))

    def _by_id(self, request: Request) -> list[Version]:
        return self._registry.by_id(request.path_params["id"])

    @staticmethod
    def _shown(request: Request, versions: list[Version]) -> list[Version]:
        return [each for each in versions if flag(request, "deleted") or not each.deleted]


def _text(version: Version) -> Response:
    return Response(version.schema.text.encode(), media_type=MEDIA_TYPE)


async def _registry_error(_: Request, error: RegistryError) -> Response:
    return failure(error.status, error.error_code, error.message)


async def _http_error(_: Request, error: HTTPException) -> Response:
    return failure(error.status_code, error.status_code, f"HTTP {error.status_code} {error.detail}")


async def _fault(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=request.url.path, exc_info=error)
    return failure(500, 50001, f"Error in the backend data store: {type(error).__name__}")
