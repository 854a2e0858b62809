"""``rave-gui doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rave_gui.cli.console import DONE, FIXABLE, Console, Output, json_option, pass_console

if TYPE_CHECKING:
    from rave_gui.runtime.doctor import Check

SIGNS = {"ok": "ok  ", "warn": "note", "fail": "FAIL"}


@click.command("doctor")
@click.option("--quick", is_flag=True, help="Do not run the engine (saves some seconds).")
@json_option
@pass_console
def command(console: Console, quick: bool) -> Output:
    """Check this computer and say the one thing to do about each fault."""
    from rave_gui.runtime.doctor import run_checks

    def show(check: Check) -> None:
        if not console.json:
            print(words(check), file=console.out, flush=True)

    checks = run_checks(console.services.paths, on_check=show, deep=not quick)
    failed = any(check.state == "fail" for check in checks)
    data = {"ok": not failed, "items": [check.to_json() for check in checks]}
    return Output(data, code=FIXABLE if failed else DONE)


def words(check: Check) -> str:
    """One finding, with what to do about it."""
    text = f"{SIGNS[check.state]}  {check.message}"
    return f"{text}\n      {check.hint}" if check.hint and check.state != "ok" else text
