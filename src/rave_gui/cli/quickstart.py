"""``rave-gui quickstart``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rave_gui.cli.console import Console, Output, json_option, pass_console, project_option
from rave_gui.cli.follow import ProgressLine, ask_to_end
from rave_gui.errors import JobError
from rave_protocol.events import Stamped

if TYPE_CHECKING:
    from rave_gui.jobs.service import JobView

LABELS = {
    "sounds": "Sounds",
    "dataset": "Dataset",
    "training": "Training",
    "reconstruction": "Reconstruction",
    "export": "Export",
    "verify": "Verification",
}


@click.command("quickstart")
@click.argument("audio", nargs=-1, metavar="[AUDIO]...")
@project_option
@click.option(
    "--preset", default="tiny", show_default=True, help="Size of the model (see: rave-gui train presets)."
)
@click.option("--steps", type=click.IntRange(min=1), help="Training steps [default: those of the preset].")
@json_option
@pass_console
def command(console: Console, audio: tuple[str, ...], project: str, preset: str, steps: int | None) -> Output:
    """From sounds to a verified model: dataset, training, reconstruction, export.

    AUDIO are sound files and folders; without any, demo sounds are synthesized. Run the same command again to continue
    where it was interrupted; finished work is never repeated or overwritten.
    """
    from rave_gui import quickstart

    show = _Stages(console)
    opened = Path(project)
    try:
        result = quickstart.run(console.services, list(audio), opened, preset, steps, show.update)
    except KeyboardInterrupt:
        show.drop()
        raise _stop(console, opened) from None
    except BaseException:
        show.drop()
        raise
    return Output(result, _words(result))


class _Stages:
    """One line a stage, ended when its job ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stage = ""
        self._line: ProgressLine | None = None

    def update(self, stage: str, update: JobView | Stamped) -> None:
        """Called by the quick start with everything that happens."""
        if stage != self._stage:
            if self._line is not None:  # making sounds is no job that ends
                self._line.end()
            self._stage, self._line = stage, ProgressLine(self._console, LABELS[stage])
        if self._line is None:
            return
        if isinstance(update, Stamped):
            self._line.update(update)
        elif update.state == "succeeded":
            stopped = bool((update.result or {}).get("stopped"))
            self._line.end("stopped early, everything is saved" if stopped else "done")
            self._line = None

    def drop(self) -> None:
        """The way ended badly or was left."""
        if self._line is not None:
            self._line.drop()


def _stop(console: Console, folder: Path) -> JobError:
    """Ctrl+C: the stage under way is asked to end, and the way can be continued later."""
    from rave_gui import quickstart
    from rave_gui.jobs.watch import FINAL, Watch
    from rave_gui.projects import Project

    project = Project.open(folder)
    again = "Run the same command again to continue."
    job = quickstart.hold(console.services, project)
    if job is None:
        return JobError("stopped", "Stopped.", again, user=True)
    watch = Watch(console.services.jobs, job, project.path)
    if watch.view.state not in FINAL:
        ask_to_end(console, watch)
        try:
            watch.wait()
        except KeyboardInterrupt:
            return JobError(
                "left", f"You left before the job {job} ended; it ends by itself.", again, user=True, job=job
            )
    return JobError("stopped", "Stopped; what was done is saved.", again, user=True, job=job)


def _words(result: dict[str, Any]) -> str:
    from rave_gui.models.actions import describe

    dataset, run, export = result["dataset"], result["run"], result["export"]
    lines = [
        f"Dataset: {dataset['seconds_usable']:.0f} s of sound in {dataset['chunks']} chunks.",
        f"Model: {run['path']} ({run['step']} steps).",
        describe(result["reconstruction"]),
        f"Listen: {result['reconstruction']['path']}",
        f"Export: {export['path']}",
        f"Time: {result['seconds']['total']:.0f} s in all.",
    ]
    lost = dataset.get("seconds_lost") or 0.0
    if dataset.get("problems"):
        lines.insert(
            1,
            f"{len(dataset['problems'])} files could not be used ({lost:.0f} s of sound lost); --json lists them.",
        )
    return "\n".join(lines)
