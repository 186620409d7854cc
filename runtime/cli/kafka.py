"""`radstream kafka`: the local broker's program."""

from __future__ import annotations

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from runtime.cli.output import Json, console, errors, fail, print_json
from runtime.local.kafka.config import KafkaInstallation
from runtime.local.kafka.install import InstallConfig, OnProgress, install_kafka
from runtime.settings import Settings
from runtime.stack.errors import StackError

app = typer.Typer(no_args_is_help=True, help="The program of the local Kafka broker.")


@app.callback()
def _group() -> None:
    """Keeps `fetch` a verb of its own as long as it is the only one."""


@app.command()
def fetch(*, as_json: Json = False) -> None:
    """Fetch Kafka's jars into the cache and check them; quick if they are there."""
    settings = Settings()
    if settings.kafka_bootstrap:
        if as_json:
            print_json({"external": settings.kafka_bootstrap})
        else:
            console.print(f"Kafka is external: {settings.kafka_bootstrap}", highlight=False)
        return
    config = InstallConfig(cache=settings.cache, maven_url=settings.maven_url, java_home=settings.java_home)
    try:
        installation = _install(config)
    except StackError as error:
        fail(str(error), as_json=as_json)
    _show(installation, as_json=as_json)


def _install(config: InstallConfig) -> KafkaInstallation:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        return install_kafka(config, _show_on(progress), check_content=True)


def _show_on(progress: Progress) -> OnProgress:
    task = progress.add_task("looking for Kafka's jars", total=None)

    def show(what: str, done: int, total: int) -> None:
        progress.update(task, description=what, completed=done, total=total or None)

    return show


def _show(installation: KafkaInstallation, *, as_json: bool) -> None:
    directory, java = installation.jars[0].parent, installation.java
    if as_json:
        print_json(
            {
                "directory": directory,
                "jars": len(installation.jars),
                "java": java.program,
                "java_version": java.major,
                "class_archive": installation.class_archive,
            }
        )
    else:
        console.print(f"Kafka is ready: {directory} (Java {java.major})", highlight=False, soft_wrap=True)
