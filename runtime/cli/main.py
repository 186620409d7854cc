"""The `radstream` command."""

from __future__ import annotations

import logging

import structlog
import typer

import runtime.cli.kafka
from runtime.cli.demo import demo
from runtime.cli.down import down
from runtime.cli.init import init
from runtime.cli.run import run
from runtime.cli.simulate import simulate
from runtime.cli.sql import sql
from runtime.cli.status import status
from runtime.cli.timeline import timeline
from runtime.cli.up import up

app = typer.Typer(
    name="radstream",
    no_args_is_help=True,
    add_completion=False,
    # A trace with the values of variables could show what no log may show.
    pretty_exceptions_show_locals=False,
    help="Every step of the radiology workflow as an event: worklist, turnaround and images, live.",
    epilog="Start with `radstream up --simulate`, then open the dashboard that it names.",
)
app.command()(up)
app.command()(down)
app.command()(status)
app.command()(simulate)
app.command()(demo)
app.command()(timeline)
app.command()(sql)
app.command()(init)
app.command(hidden=True)(run)
app.add_typer(runtime.cli.kafka.app, name="kafka")


def main() -> None:
    """Entry point of the `radstream` command."""
    # What a verb has to say it says itself; a role (`run`) turns its log on.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    app()


if __name__ == "__main__":
    main()
