"""Downloads jars over HTTPS from a Maven repository, several at once, each checked against the lock."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import httpx

from runtime.local.kafka.jar_lock import Jar, mismatch
from runtime.stack.errors import InstallError

AT_ONCE = 6
ATTEMPTS = 3
RETRY_AFTER_S = 0.5
TIMEOUT = httpx.Timeout(30.0, read=60.0)

OnBytes = Callable[[int], None]


async def download_jars(base_url: str, jars: Iterable[Jar], target: Path, on_bytes: OnBytes) -> None:
    """Puts the jars into `target`, whole and checked; `on_bytes` hears of each chunk's size.

    Raises `InstallError` naming the jar that could not be fetched or has another content.
    """
    slots = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=True) as client:

        async def fetch(jar: Jar) -> None:
            async with slots:
                await _fetch(client, f"{base_url.rstrip('/')}/{jar.repository_path}", jar, target, on_bytes)

        try:
            async with asyncio.TaskGroup() as group:
                for jar in jars:
                    group.create_task(fetch(jar))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None


async def _fetch(client: httpx.AsyncClient, url: str, jar: Jar, target: Path, on_bytes: OnBytes) -> None:
    draft = target / f".{jar.file_name}.part"
    try:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                digest = await _stream(client, url, draft, on_bytes)
                break
            except httpx.HTTPError as error:
                if attempt == ATTEMPTS or not _is_passing(error):
                    raise InstallError(
                        f"cannot download {jar.file_name} from {url}: {_words(error)}"
                    ) from error
                await asyncio.sleep(RETRY_AFTER_S * attempt)
        if digest != jar.sha256:
            raise InstallError(mismatch(jar, url))
        draft.replace(target / jar.file_name)
    finally:
        draft.unlink(missing_ok=True)


async def _stream(client: httpx.AsyncClient, url: str, draft: Path, on_bytes: OnBytes) -> str:
    digest = hashlib.sha256()
    async with client.stream("GET", url) as response:
        response.raise_for_status()
        with draft.open("wb") as file:
            async for chunk in response.aiter_bytes():
                file.write(chunk)
                digest.update(chunk)
                on_bytes(len(chunk))
    return digest.hexdigest()


def _is_passing(error: httpx.HTTPError) -> bool:
    return not isinstance(error, httpx.HTTPStatusError) or error.response.status_code >= 500


def _words(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP {error.response.status_code}"
    return str(error) or type(error).__name__
