"""``rave-gui doctor``."""

from __future__ import annotations

import click

from rave_gui.cli.console import DONE, FIXABLE, Console, Output, json_option, pass_console

SIGNS = {"ok": "ok  ", "warn": "note", "fail": "FAIL"}


@click.command("doctor")
@json_option
@pass_console
def command(console: Console) -> Output:
    """Check this computer and say the one thing to do about each fault."""
    from rave_gui.runtime.doctor import run_checks

    checks = run_checks(console.services.paths)
    items = [check.to_json() for check in checks]
    failed = any(check.state == "fail" for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{SIGNS[check.state]}  {check.message}")
        if check.hint and check.state != "ok":
            lines.append(f"      {check.hint}")
    return Output({"ok": not failed, "items": items}, "\n".join(lines), FIXABLE if failed else DONE)
