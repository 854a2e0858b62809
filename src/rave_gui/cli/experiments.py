"""``rave-gui experiments``: the runs of a project as a table, side by side, in reports, and made again."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rave_gui.cli.console import Console, Output, existing_project_option, json_option, pass_console
from rave_gui.i18n import tr, trn

if TYPE_CHECKING:
    from rave_gui.projects import Project
    from rave_gui.training.experiments.compare import Comparison

SHOWN = ("name", "state", "step", "dataset", "config", "validation.best", "tags")
"""Columns without ``--columns``."""


@click.group("experiments")
def command() -> None:
    """Look at many runs at once: filter, compare, report, make again."""


def _open(project: str) -> Project:
    from rave_gui.projects import Project

    return Project.open(project)


@command.command("list")
@existing_project_option
@click.option(
    "--filter",
    "-f",
    "text",
    default="",
    metavar="QUERY",
    help='Which runs, for example: "validation.best < 9 and config ~ v2 and tag:drums". Archived ones only when it says so.',
)
@click.option(
    "--sort", default="created", show_default=True, metavar="COLUMN", help="What they are sorted by."
)
@click.option("--ascending", is_flag=True, help="Lowest, or oldest, first.")
@click.option(
    "--columns",
    metavar="A,B,…",
    help="Columns to print: parameters, CURVE.last, CURVE.best, CURVE.best_step, CURVE@STEP; all: everything known.",
)
@click.option("--group", metavar="COLUMN", help="Print them in groups of the same value.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Print only the first N.")
@json_option
@pass_console
def list_command(
    console: Console,
    /,
    *,
    project: str,
    text: str,
    sort: str,
    ascending: bool,
    columns: str | None,
    group: str | None,
    limit: int | None,
) -> Output:
    """List the runs of a project with their settings and figures."""
    from rave_gui.training.experiments import actions, query

    wanted = [name.strip() for name in (columns or "").split(",") if name.strip()]
    rows = actions.list_runs(
        console.services,
        _open(project),
        text,
        sort=sort,
        descending=not ascending,
        wanted=[*wanted, *([group] if group else [])],
    )
    found = len(rows)
    rows = rows[:limit]
    known = actions.columns(rows)
    shown = known if wanted == ["all"] else wanted or [name for name in SHOWN if name in known]
    items: list[dict[str, Any]] = []
    for row in rows:
        fields = dict(row.fields)
        chosen = fields if not wanted or wanted == ["all"] else {c: query.lookup(fields, c) for c in wanted}
        items.append({"name": row.name, "path": str(row.path), "fields": chosen})
    lines = _aligned([shown, *([_cell(name, row.fields) for name in shown] for row in rows)])
    groups = actions.group(rows, group) if group else []
    if group:
        by_name = dict(zip((row.name for row in rows), lines[1:], strict=True))
        lines = [lines[0]]
        for value, members in groups:
            count = trn("{n} run", "{n} runs", len(members))
            lines += ["", f"{group}: {value or '–'} ({count})", *(by_name[row.name] for row in members)]
    if found > len(rows):
        lines.append(trn("{n} more", "{n} more", found - len(rows)))
    said = "\n".join(lines) if rows else tr("There are no runs that fit.")
    data = {"items": items, "found": found, "columns": known}
    if group:
        data["groups"] = [
            {"value": value or None, "names": [r.name for r in members]} for value, members in groups
        ]
    return Output(data, said)


@command.command("compare")
@click.argument("runs", nargs=-1, required=True)
@existing_project_option
@click.option("--tag", "-t", "tags", multiple=True, metavar="CURVE", help="Only this curve (several times).")
@click.option(
    "--align",
    type=click.Choice(["step", "time"]),
    default="step",
    show_default=True,
    help="Curves over steps or over seconds of work.",
)
@click.option(
    "--points",
    type=click.IntRange(min=0),
    default=500,
    show_default=True,
    help="Points kept of each curve with --json, no peak lost; 0: all.",
)
@json_option
@pass_console
def compare_command(
    console: Console,
    /,
    *,
    runs: tuple[str, ...],
    project: str,
    tags: tuple[str, ...],
    align: str,
    points: int,
) -> Output:
    """Lay RUNS side by side: settings that differ, figures, speed, curves at common steps, previews."""
    from rave_gui.training.experiments import actions

    found = actions.comparison(
        console.services,
        _open(project),
        runs,
        tags=tags or None,
        align="time" if align == "time" else "step",
        points=points,
    )
    return Output({**found.to_json(), "align": align}, "\n".join(_compared(found, bool(tags))))


@command.command("report")
@click.argument("runs", nargs=-1, required=True)
@existing_project_option
@click.option(
    "--output",
    "-o",
    required=True,
    metavar="FILE",
    help="The file to write, a new one: .html, or .pdf (for paper, without sounds).",
)
@click.option("--audio/--no-audio", default=True, help="Put previews into the file [default: yes].")
@json_option
@pass_console
def report_command(
    console: Console, /, *, runs: tuple[str, ...], project: str, output: str, audio: bool
) -> Output:
    """Write one HTML or PDF file on RUNS that needs nothing else: curves, settings, sounds, dataset, environment."""
    from rave_gui.training.experiments import actions

    if Path(output).suffix.lower() == ".pdf":
        path = _paper(console, project, runs, Path(output))
    else:
        path = actions.report(console.services, _open(project), runs, Path(output), audio=audio)
    size = path.stat().st_size
    return Output({"path": str(path), "bytes": size, "runs": list(runs)}, tr("Written: {path}", path=path))


def _paper(console: Console, project: str, runs: Sequence[str], target: Path) -> Path:
    """The report as PDF, laid out by Qt without a screen. Raises ``UserError``: file-exists, not-writable, no-pdf, run-missing."""
    from rave_gui.errors import UserError
    from rave_gui.training.experiments import report

    path = Path(os.path.abspath(target.expanduser()))  # noqa: PTH100 - links stay links
    if path.exists():
        raise UserError(
            tr("{path} is there already.", path=path),
            tr("Choose another name; nothing is overwritten."),
            code="file-exists",
        )
    try:
        from rave_gui.ui.pages.experiments.paper import write_pdf_alone
    except ImportError as error:
        raise UserError(
            tr("A PDF cannot be made here: Qt is missing or not usable on this computer."),
            tr("Give a name that ends in .html; a browser can print it."),
            str(error),
            code="no-pdf",
        ) from error
    pages = report.printable(report.gather(console.services, _open(project), runs, audio=False))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_pdf_alone(*pages, path)
    return path


@command.command("script")
@click.argument("run")
@existing_project_option
@click.option(
    "--kind",
    type=click.Choice(["rave-gui", "python", "rave"]),
    default="rave-gui",
    show_default=True,
    help="Shell script with rave-gui, Python script with rave-gui, or shell script with RAVE's own command.",
)
@click.option("--output", "-o", metavar="FILE", help="Write it to a new file [default: print it].")
@json_option
@pass_console
def script_command(console: Console, /, *, run: str, project: str, kind: Any, output: str | None) -> Output:
    """Write a script that trains RUN again with every setting it had."""
    from rave_gui.training.experiments import actions

    opened = _open(project)
    if output is None:
        text = actions.script(console.services, opened, run, kind=kind)
        return Output({"run": run, "kind": kind, "script": text, "path": None}, text.rstrip())
    path = actions.save_script(console.services, opened, run, Path(output), kind=kind)
    text = path.read_text(encoding="utf-8")
    data = {"run": run, "kind": kind, "script": text, "path": str(path)}
    return Output(data, tr("Written: {path}", path=path))


# --- keeping order


@command.command("tag")
@click.argument("runs", nargs=-1, required=True)
@existing_project_option
@click.option("--add", "-a", multiple=True, metavar="TAG", help="Give this tag (several times).")
@click.option("--remove", "-r", multiple=True, metavar="TAG", help="Take this tag away (several times).")
@json_option
@pass_console
def tag_command(
    console: Console,
    /,
    *,
    runs: tuple[str, ...],
    project: str,
    add: tuple[str, ...],
    remove: tuple[str, ...],
) -> Output:
    """Give RUNS tags and take some away."""
    from rave_gui.training.experiments import actions

    del console
    if not add and not remove:
        raise click.UsageError("Give --add TAG or --remove TAG.")
    opened = _open(project)
    return _changed(actions.tag(opened, runs, add, remove), opened)


@command.command("star")
@click.argument("runs", nargs=-1, required=True)
@existing_project_option
@click.option("--off", is_flag=True, help="Take the star away.")
@json_option
def star_command(runs: tuple[str, ...], project: str, off: bool) -> Output:
    """Mark RUNS with a star."""
    from rave_gui.training.experiments import actions

    opened = _open(project)
    return _changed(actions.star(opened, runs, not off), opened)


@command.command("note")
@click.argument("run")
@click.argument("text")
@existing_project_option
@json_option
def note_command(run: str, text: str, project: str) -> Output:
    """Keep TEXT as the note on RUN; an empty text removes it."""
    from rave_gui.training.experiments import actions

    opened = _open(project)
    return _changed(actions.note(opened, run, text), opened)


@command.command("archive")
@click.argument("runs", nargs=-1, required=True)
@existing_project_option
@click.option("--off", is_flag=True, help="Take them back into the table.")
@json_option
def archive_command(runs: tuple[str, ...], project: str, off: bool) -> Output:
    """Leave RUNS out of the table; nothing is moved or deleted."""
    from rave_gui.training.experiments import actions

    opened = _open(project)
    return _changed(actions.archive(opened, runs, not off), opened)


def _changed(names: list[str], project: Project) -> Output:
    said = trn("{n} run changed.", "{n} runs changed.", len(names))
    return Output({"changed": names, "project": str(project.path)}, said)


# --- words


def _compared(found: Comparison, chosen: bool) -> list[str]:
    from rave_gui.training import tags

    names = [run.name for run in found.runs]
    differing = [row for row in found.parameters if not row.same]
    table = [["", *names]]
    table += [[row.name, *(_text(value) for value in row.values)] for row in differing]
    table.append([tr("steps per second"), *(_text(b.steps_per_second) for b in found.benchmarks)])
    table.append([tr("seconds of work"), *(_text(b.seconds) for b in found.benchmarks)])
    names_shown = [
        row
        for row in found.metrics
        if row.name.endswith((".last", ".best")) and row.name.rpartition(".")[0] in tags.FALLING
    ]
    table += [[row.name, *(_text(value) for value in row.values)] for row in names_shown]
    lines = _aligned(table)
    if not differing and len(names) > 1:
        lines.append(tr("Their settings are the same."))
    for tag in sorted({row.tag for row in found.at_steps}, key=tags.weight):
        if not chosen and tag not in tags.FALLING:
            continue
        rows = [
            [f"{row.step:,}", *(_text(value) for value in row.values)]
            for row in found.at_steps
            if row.tag == tag
        ]
        lines += ["", f"{tags.words(tag)} ({tag})", *_aligned([[tr("step"), *names], *rows])]
    if found.clip_steps and len(names) > 1:
        steps = ", ".join(f"{step:,}" for step in found.clip_steps[-8:])
        lines += ["", tr("Previews of all at the steps {steps}", steps=steps)]
    return lines


def _cell(name: str, fields: Mapping[str, Any]) -> str:
    from rave_gui.training.experiments import query

    value = query.lookup(fields, name)
    if name == "name":
        return f"{'★ ' if fields.get('starred') else ''}{value}"
    if name in ("created", "modified") and isinstance(value, (int, float)):
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(value))
    return _text(value)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows with their columns under each other."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
