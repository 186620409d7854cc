"""`radstream retention`: what rules would let go, and letting it go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import clickhouse_connect.driver.exceptions
import typer
from minio.error import MinioException
from rich.progress import Progress as Bar
from urllib3.exceptions import HTTPError

from dashboards.access.roles import Permission
from producers.publishing import PublishFailed
from runtime.cli.acting import ByUser, PasswordFile, TokenFile, signed_in
from runtime.cli.output import Json, console, errors, fail, print_json, print_table
from runtime.cli.progress_bar import bar_teller
from runtime.cli.settings_of import Data, running_installation
from runtime.erasing.errors import ErasureRefused
from runtime.governance.acting import NotAllowed
from runtime.governance.session import opened
from runtime.installation import Installation
from runtime.retention.applying import apply as apply_step
from runtime.retention.applying import read_rules, rules_file, steps
from runtime.retention.planned import Planned
from runtime.retention.rules import InvalidRules, Rule
from runtime.stack.errors import StackError
from runtime.topic_records import TopicUnreadable
from schemas.errors import SchemaError
from sinks.archive.errors import ArchiveError

app = typer.Typer(no_args_is_help=True, help="What rules let go: check the rules, plan, apply.")
OneRule = Annotated[str | None, typer.Option("--rule", help="Only the rule of this name.")]
_AWAY = (PublishFailed, OSError, HTTPError, MinioException, clickhouse_connect.driver.exceptions.Error)
_REFUSALS = (
    ErasureRefused,
    NotAllowed,
    SchemaError,
    StackError,
    TopicUnreadable,
    ArchiveError,
    ValueError,
)


@app.command()
def check(file: Annotated[Path, typer.Argument(help="TOML file of rules.")], *, json: Json = False) -> None:
    """Say whether FILE would do as RADSTREAM_RETENTION, and what it says. Exit code 1 where it would not."""
    try:
        rules = read_rules(file)
    except InvalidRules as error:
        fail(str(error), as_json=json)
    rows = [
        {
            "rule": rule.name,
            "store": rule.store,
            "place": rule.place,
            "keep_days": rule.keep_days,
            "of": " ".join(rule.selectors.values()) or "all",
        }
        for rule in rules
    ]
    if json:
        print_json({"valid": True, "rules": rows})
    else:
        print_table(f"{len(rules)} rules", rows)


@app.command()
def plan(*, rule: OneRule = None, data: Data = None, json: Json = False) -> None:
    """Show what would go, how much, how old, and what legal holds keep. Nothing is changed."""
    installation, _ = running_installation(data, as_json=json)
    with _said_plainly(as_json=json):
        rules = _rules(installation, rule)
        with opened(installation) as session, Bar(console=errors, transient=True, disable=json) as bar:
            planned = [step.planned for step in steps(session, rules, bar_teller(bar))]
    if json:
        print_json({"planned": [one.body() for one in planned]})
        return
    print_table("What would go", [_row(one) for one in planned])
    for one in planned:
        for note in one.notes if one.items else ():
            console.print(f"{one.rule.name}: {note}", highlight=False, soft_wrap=True, markup=False)


@app.command()
def apply(
    *,
    rule: OneRule = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    user: ByUser = None,
    password_file: PasswordFile = None,
    token_file: TokenFile = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Let go what the rules say. Legal holds win over every rule; what a lock of the store keeps, stays."""
    installation, _ = running_installation(data, as_json=json)
    with _said_plainly(as_json=json):
        by = signed_in(installation, Permission.APPLY_RETENTION, user, password_file, token_file).name
        rules = _rules(installation, rule)
        if not yes and not typer.confirm(f"Let go what {len(rules)} rules say?", default=False, err=True):
            raise InvalidRules("nothing was let go; `radstream retention plan` shows what would be")
        done = []
        with opened(installation) as session, Bar(console=errors, transient=True, disable=json) as bar:
            for step in steps(session, rules, bar_teller(bar)):
                gone = apply_step(session, step, by)
                done.append({**step.planned.body(), "removed": gone})
    if json:
        print_json({"applied": done})
        return
    names = ("rule", "store", "place", "removed", "held", "locked")
    print_table("What went", [{name: one[name] for name in names} for one in done])


def _rules(installation: Installation, only: str | None) -> tuple[Rule, ...]:
    rules = read_rules(rules_file(installation))
    found = tuple(rule for rule in rules if only in (None, rule.name))
    if only is not None and not found:
        raise InvalidRules(f"no rule is called {only!r}: there are {', '.join(rule.name for rule in rules)}")
    return found


@contextmanager
def _said_plainly(*, as_json: bool) -> Iterator[None]:
    try:
        yield
    except _REFUSALS as error:
        fail(str(error), as_json=as_json)
    except _AWAY as error:
        fail(f"a store gives no answer: {error}; run the same command again", as_json=as_json)


def _row(planned: Planned) -> dict[str, object]:
    return {
        "rule": planned.rule.name,
        "store": planned.rule.store,
        "place": planned.place,
        "before": f"{planned.before:%Y-%m-%d}",
        "items": planned.items,
        "MB": round(planned.bytes / 1e6, 1),
        "oldest": f"{planned.oldest:%Y-%m-%d}" if planned.oldest else "",
        "held": planned.held,
        "locked": planned.locked,
    }
