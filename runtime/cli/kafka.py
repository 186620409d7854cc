"""`radstream kafka`: the local broker's program."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from runtime.local.kafka.config import KafkaInstallation
from runtime.local.kafka.install import InstallConfig, OnProgress, install_kafka
from runtime.settings import Settings
from runtime.stack.errors import StackError

app = typer.Typer(no_args_is_help=True, help="The program of the local Kafka broker.")


@app.callback()
def _group() -> None:
    """Keeps `fetch` a verb of its own as long as it is the only one."""


@app.command()
def fetch(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Fetch Kafka's jars into the cache and check them. Does nothing if they are there."""
    settings = Settings()
    config = InstallConfig(cache=settings.cache, maven_url=settings.maven_url, java_home=settings.java_home)
    if settings.kafka_bootstrap:
        _print(as_json=as_json, text=f"Kafka is external: {settings.kafka_bootstrap}", fetched=False)
        return
    try:
        installation = _install(config)
    except StackError as error:
        _print_error(str(error), as_json=as_json)
        raise typer.Exit(1) from error
    directory = installation.jars[0].parent
    _print(
        as_json=as_json,
        text=f"Kafka is ready: {directory} (Java {installation.java.major})",
        directory=str(directory),
        jars=len(installation.jars),
        java=str(installation.java.program),
        java_version=installation.java.major,
        class_archive=installation.class_archive is not None,
    )


def _install(config: InstallConfig) -> KafkaInstallation:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        return install_kafka(config, _show_on(progress), check_content=True)


def _show_on(progress: Progress) -> OnProgress:
    task = progress.add_task("looking for Kafka's jars", total=None)

    def show(what: str, done: int, total: int) -> None:
        progress.update(task, description=what, completed=done, total=total or None)

    return show


def _print(*, as_json: bool, text: str, **fields: object) -> None:
    sys.stdout.write((json.dumps(fields) if as_json else text) + "\n")


def _print_error(message: str, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"error": message}) + "\n")
    else:
        Console(stderr=True).print(f"[red]error:[/red] {message}", highlight=False)
