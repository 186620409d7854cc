"""The `radstream` command."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import structlog
import typer


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb: the module that has it, and its line in the overview."""

    module: str
    help: str
    hidden: bool = False


VERBS = {
    "up": Verb("runtime.cli.up", "Start the local stack and the pipeline, and keep them up until Ctrl-C."),
    "down": Verb("runtime.cli.down", "Stop the running stack; its data stays."),
    "status": Verb("runtime.cli.status", "Show whether each part is up, on which port, and its lag."),
    "simulate": Verb("runtime.cli.simulate", "Send a simulated department's orders, images and reports."),
    "demo": Verb("runtime.cli.demo", "Drive simulated exams through the real sockets and account for them."),
    "history": Verb("runtime.cli.history", "Load years of a department at once: synthetic, or a site's own."),
    "timeline": Verb("runtime.cli.timeline", "Show every event of an exam, in the order they happened."),
    "reconcile": Verb("runtime.cli.reconcile", "Say that an exam's images belong to another exam."),
    "sql": Verb("runtime.cli.sql", "Run a read-only query on the analytics store and print its rows."),
    "image": Verb("runtime.cli.image", "Get an image out of the object store, as it was received."),
    "hl7": Verb("runtime.cli.hl7", "Explain HL7 messages field by field, and send them."),
    "dicom": Verb("runtime.cli.dicom", "Talk to any DICOM system, and explain DICOM files."),
    "targets": Verb("runtime.cli.targets", "How long which interval may take: check a file, show."),
    "alerts": Verb("runtime.cli.alerts", "What is about to miss its target, and what has."),
    "deadletters": Verb(
        "runtime.cli.deadletters", "What could not be processed: list, show, drive again, dismiss."
    ),
    "rebuild": Verb(
        "runtime.cli.rebuild", "Make the views again from the log, or check that they are right."
    ),
    "replay": Verb("runtime.cli.replay", "History again: into a new generation of a view, or to a topic."),
    "check": Verb(
        "runtime.cli.check", "Compute turnaround a second way, in SQL from the events, and compare."
    ),
    "train": Verb("runtime.cli.train", "Train the models that forecast when exams will be done."),
    "models": Verb("runtime.cli.models", "Models of the forecasts: list, show, promote, roll back."),
    "user": Verb("runtime.cli.user", "Who may use the dashboard: users, roles, passwords, tokens."),
    "verify": Verb("runtime.cli.verify", "Walk the archive of the log: is it what was archived?"),
    "repair": Verb("runtime.cli.repair", "Restore what the archive lost, where its signed digest is met."),
    "evidence": Verb("runtime.cli.evidence", "A bundle that proves an exam's events to anybody."),
    "erase": Verb("runtime.cli.erase", "Erase a patient in every store: ask, confirm, prove."),
    "hold": Verb("runtime.cli.hold", "Legal holds on patients and exams: set, release, list."),
    "retention": Verb("runtime.cli.retention", "What rules let go: check the rules, plan, apply."),
    "backup": Verb("runtime.cli.backup", "Copy the stopped local stack, its keys apart from its data."),
    "restore": Verb("runtime.cli.restore", "Make a data directory from a backup; what was erased stays so."),
    "init": Verb("runtime.cli.init", "Create topics, contracts, tables and the bucket, where missing."),
    "kafka": Verb("runtime.cli.kafka", "The program of the local Kafka broker."),
    "run": Verb("runtime.cli.run", "Run one process of the pipeline in the foreground.", hidden=True),
}


def build_app(chosen: str | None) -> typer.Typer:
    """The command with the verb `chosen`, or with all of them for the overview.

    Only the chosen verb's module is imported: together they bring every library of the project.
    """
    app = typer.Typer(
        name="radstream",
        no_args_is_help=True,
        add_completion=False,
        # A trace with the values of variables could show what no log may show.
        pretty_exceptions_show_locals=False,
        help="Every step of the radiology workflow as an event: worklist, turnaround and images, live.",
        epilog="Start with `radstream up --simulate`, then open the dashboard that it names.",
    )
    app.callback()(_group)
    for name, verb in VERBS.items():
        if chosen is None:
            app.command(name, help=verb.help, hidden=verb.hidden)(_nothing)
        elif name == chosen:
            _add(app, name, verb)
    return app


def _add(app: typer.Typer, name: str, verb: Verb) -> None:
    module = import_module(verb.module)
    if isinstance(getattr(module, "app", None), typer.Typer):
        app.add_typer(module.app, name=name)
    else:
        command: Callable[..., None] = getattr(module, name)
        app.command(name, hidden=verb.hidden)(command)


def _group() -> None:
    """Keeps a verb a verb, also when it is the only one."""


def _nothing() -> None:
    """Stands for a verb in the overview."""


def main() -> None:
    """Entry point of the `radstream` command."""
    # What a verb has to say it says itself; a role (`run`) turns its log on.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    asked = sys.argv[1] if len(sys.argv) > 1 else None
    build_app(asked if asked in VERBS else None)()


if __name__ == "__main__":
    main()
