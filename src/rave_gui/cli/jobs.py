"""``rave-gui jobs``: every job of this user, or of one project."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rave_gui.cli.console import Console, Output, any_project_option, json_option, lines_option, pass_console
from rave_gui.errors import UserError
from rave_gui.i18n import tr

if TYPE_CHECKING:
    from rave_gui.jobs.service import JobView


@click.group("jobs")
def command() -> None:
    """List, watch and control jobs. A job goes on when the window or the terminal that started it is closed."""


def project_path(folder: str | None) -> Path | None:
    """The opened project's folder, or None for all jobs. Raises ``UserError`` for a folder that is no project."""
    if folder is None:
        return None
    from rave_gui.projects import Project

    return Project.open(folder).path


def find(console: Console, job: str, project: str | None) -> JobView:
    """A job by its id or the beginning of it. Raises ``UserError`` when there is none."""
    return console.services.jobs.get(job, project_path(project))


def waits(view: JobView, place: int | None = None) -> str:
    """What one that waits waits for: its place in the queue, its time; empty for all others."""
    if view.state != "queued":
        return ""
    said = [tr("number {n} in the queue", n=place)] if place else []
    if view.not_before is not None and view.not_before > time.time():
        begin = time.strftime("%Y-%m-%d %H:%M", time.localtime(view.not_before))
        said.append(tr("not before {time}", time=begin))
    return ", ".join(said)


def row(view: JobView, place: int | None = None) -> str:
    """One line of the list."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(view.created))
    progress = view.progress or {}
    total = progress.get("total") or 0
    share = (
        f"{100 * progress.get('done', 0) / total:3.0f} %" if total and view.state != "succeeded" else "     "
    )
    waiting = waits(view, place)
    return f"{view.id}  {when}  {view.state:<11}  {share}  {view.title}" + (
        f"  ({waiting})" if waiting else ""
    )


def words(view: JobView) -> str:
    """One job in words, line by line."""
    lines = [row(view), f"  folder: {view.folder}"]
    error = view.error or {}
    said = (view.reason, error.get("message", ""), error.get("hint", ""))
    lines += [f"  {text}" for text in dict.fromkeys(said)]  # the reason of a failure is often its message
    lines += [
        f"  {key}: {value}"
        for key, value in (view.result or {}).items()
        if not isinstance(value, (dict, list))
    ]
    return "\n".join(line for line in lines if line.strip())


@command.command("list")
@any_project_option
@json_option
@pass_console
def list_command(console: Console, project: str | None) -> Output:
    """List jobs, oldest first."""
    views = console.services.jobs.list(project_path(project))
    places = {job: number + 1 for number, job in enumerate(_waiting(console))}
    text = "\n".join(row(view, places.get(view.id)) for view in views) or "There are no jobs."
    return Output({"items": [view.to_json() for view in views]}, text)


@command.command("show")
@click.argument("job")
@any_project_option
@json_option
@pass_console
def show_command(console: Console, job: str, project: str | None) -> Output:
    """Show one job (an id, or its beginning)."""
    view = find(console, job, project)
    return Output(view.to_json(), words(view))


@command.command("log")
@click.argument("job")
@any_project_option
@click.option("--follow", "-f", is_flag=True, help="Go on until the job ends.")
@lines_option
@pass_console
def log_command(console: Console, job: str, project: str | None, follow: bool) -> Output | int:
    """Print what a job printed. With --follow and --json: one object {"text": …} a line, and the job at its end."""
    view = find(console, job, project)
    path = view.folder / "log.txt"
    if not follow:
        lines = list(_Tail(path).finish())
        return Output({"job": view.id, "items": [{"text": line} for line in lines]}, "\n".join(lines))
    from rave_gui.jobs.watch import Watch

    tail = _Tail(path)

    def show(lines: Iterator[str]) -> None:
        for line in lines:
            if console.json:
                console.line({"text": line})
            else:
                print(line, file=console.out, flush=True)

    def tick() -> bool:
        show(tail.read())
        return False

    view = Watch(console.services.jobs, view.id, view.project).wait(give_up=tick)
    show(tail.finish())
    if console.json:
        console.line({"job": view.to_json()})
    else:
        console.say(f"The job {view.id} has ended: {view.state}.")
    return 0


class _Tail:
    """Whole lines appended to a text file since the last call; redrawn lines (carriage returns) count as lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""

    def read(self) -> Iterator[str]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return
        self._offset += len(data)
        *whole, self._rest = (self._rest + data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")

    def finish(self) -> Iterator[str]:
        yield from self.read()
        if self._rest:
            yield self._rest.decode(errors="replace")
            self._rest = b""


def _after(console: Console, view: JobView, text: str) -> Output:
    now = console.services.jobs.get(view.id, view.project)
    return Output(now.to_json(), text.format(id=view.id, title=view.title))


@command.command("pause")
@click.argument("job")
@any_project_option
@json_option
@pass_console
def pause_command(console: Console, job: str, project: str | None) -> Output:
    """Let a training, or the making of a dataset, wait; it keeps its memory and goes on with “resume”."""
    view = find(console, job, project)
    console.services.jobs.pause(view.id, view.project)
    return _after(console, view, "Asked “{title}” to pause.")


@command.command("resume")
@click.argument("job")
@any_project_option
@json_option
@pass_console
def resume_command(console: Console, job: str, project: str | None) -> Output:
    """Let a paused job go on."""
    view = find(console, job, project)
    console.services.jobs.resume(view.id, view.project)
    return _after(console, view, "Asked “{title}” to go on.")


@command.command("cancel")
@click.argument("job")
@any_project_option
@json_option
@pass_console
def cancel_command(console: Console, job: str, project: str | None) -> Output:
    """End a job now; what is unfinished is dropped. (“train stop” saves first.)"""
    view = find(console, job, project)
    console.services.jobs.cancel(view.id, view.project)
    return _after(console, view, "Asked “{title}” to end.")


@command.command("retry")
@click.argument("job")
@any_project_option
@json_option
@pass_console
def retry_command(console: Console, job: str, project: str | None) -> Output:
    """Start an ended job again as a new one; a training goes on from its newest checkpoint."""
    view = find(console, job, project)
    new = console.services.jobs.retry(view.id, view.project)
    data: dict[str, Any] = {**new.to_json(), "job": new.id, "retry_of": view.id}
    return Output(data, f"Started again as job {new.id}.")


@command.command("move")
@click.argument("job")
@any_project_option
@click.option("--first", "to", flag_value="first", help="Take it next.")
@click.option("--last", "to", flag_value="last", help="Take it after all others.")
@click.option("--up", "to", flag_value="up", help="One place nearer.")
@click.option("--down", "to", flag_value="down", help="One place further back.")
@click.option("--position", type=click.IntRange(min=1), metavar="N", help="To this place, from 1.")
@json_option
@pass_console
def move_command(
    console: Console, /, *, job: str, project: str | None, to: str | None, position: int | None
) -> Output:
    """Move a waiting job in the queue. Without an option: say where it stands."""
    if to is not None and position is not None:
        raise click.UsageError("Give one of --first, --last, --up, --down and --position.")
    jobs, view = console.services.jobs, find(console, job, project)
    places = {"first": 0, "last": sys.maxsize}
    waiting = _waiting(console)
    if to is not None or position is not None:
        here = waiting.index(view.id) if view.id in waiting else 0
        places |= {"up": max(here - 1, 0), "down": here + 1}
        others = [other for other in waiting if other != view.id]
        place = places[to] if to is not None else (position or 1) - 1
        jobs.reorder(view.id, others[place] if place < len(others) else None, view.project)
        waiting = _waiting(console)
    if view.id not in waiting:
        raise UserError(
            tr("{title} does not wait in the queue; it is {state}.", title=view.title, state=view.state),
            code="job-not-queued",
        )
    place = waiting.index(view.id) + 1
    data = {"job": view.id, "position": place, "queue": waiting}
    said = tr("{title}: number {place} of {n} that wait.", title=view.title, place=place, n=len(waiting))
    return Output(data, said)


def _waiting(console: Console) -> list[str]:
    """Ids of the jobs that wait, in the order in which they are taken."""
    jobs = console.services.jobs
    queued = {view.id for view in jobs.list() if view.state == "queued"}
    return [job for job in jobs.queue() if job in queued]
