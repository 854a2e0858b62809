"""What the commands of ``rave-gui train`` share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rave_gui.cli.console import Console, Output, shell
from rave_gui.cli.follow import wait
from rave_gui.cli.parameters import given
from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.training.parameters import PARAMETERS

if TYPE_CHECKING:
    from rave_gui.jobs.service import JobView
    from rave_gui.projects import Project

GIN = tuple(item.key for item in PARAMETERS if item.binding)
"""Parameters of the configuration, which a checkpoint fixes."""

detach_option = click.option("--detach", is_flag=True, help="Start it and return at once.")


def open_project(folder: str, create: bool = False) -> Project:
    """The project of that folder."""
    from rave_gui.projects import Project

    return Project.open(folder, create=create)


def started(
    console: Console, view: JobView, detach: bool, extra: dict[str, Any], project: str | None
) -> Output:
    """The outcome of a command that started a job: at once with ``--detach``, otherwise when it has ended."""
    if detach:
        where = f" --project {shell(project)}" if project else ""
        text = f"Started as job {view.id}. Watch it with: rave-gui jobs log -f {view.id}{where}"
        return Output(
            {
                "job": view.id,
                "state": view.state,
                "project": str(view.project) if view.project else None,
                **extra,
            },
            text,
        )
    result = wait(console, view)
    return Output(
        {
            "job": view.id,
            "state": "succeeded",
            "project": str(view.project) if view.project else None,
            **extra,
            **result,
        }
    )


SIMPLE = ("max_steps", "name")
"""Parameters with an option of another name or kind: ``--steps``, ``--name``."""


def fields_given(
    console: Console, project: Project | None, steps: int | None, values: dict[str, Any]
) -> tuple[dict[str, Any], str]:
    """Fields of ``TrainParams`` and a word for the run's name: a preset, a template or another run, and what was given on top."""
    from rave_gui.cli.stacks import fields_of
    from rave_gui.configs import actions as configs
    from rave_gui.training import parameters

    preset, template, like = (values.pop(key) for key in ("preset", "template", "like"))
    changed = given(values)
    if template:
        fields, word = fields_of(console.services, f"template:{template}", None), Path(template).stem
    elif like:
        fields, word = (
            fields_of(console.services, f"run:{like}", str(project.path) if project else None),
            like,
        )
    elif preset is None and "configs" in changed:
        fields, word = {}, "-".join(Path(name).stem for name in changed["configs"])
    else:
        preset = preset or "tiny"
        fields, word = configs.preset(preset, steps), preset
    whole = parameters.from_fields(fields)
    free = [*whole["overrides"], *changed.pop("overrides", [])]
    if steps is not None:
        whole["max_steps"] = steps
    return parameters.to_fields({**whole, **changed, "overrides": free}), word


def base_options(function: Any) -> Any:
    """``--preset``, ``--template``, ``--like``, ``--steps``: what the settings begin with."""
    for option in (
        click.option("--like", metavar="RUN", help="Begin with the settings of this run of the project."),
        click.option("--template", metavar="NAME", help="Begin with one of your templates (see: rave-gui config templates)."),
        click.option("--preset", help="Begin with a preset (see: rave-gui train presets) [default: tiny, unless --config is given]."),
        click.option("--steps", type=click.IntRange(min=1), help="Steps in all [default: those of the preset]."),
    ):  # fmt: skip
        function = option(function)
    return function


def moment(text: str) -> float:
    """Seconds since the epoch of a time of day (today's, or tomorrow's when it has passed) or of a date with time, both local.

    Raises :class:`UserError` (``bad-time``).
    """
    from datetime import datetime, timedelta

    now = datetime.now().astimezone()
    for pattern in ("%H:%M", "%H:%M:%S"):
        try:
            found = datetime.strptime(text, pattern)  # noqa: DTZ007 - made local in the next line
        except ValueError:
            continue
        then = now.replace(hour=found.hour, minute=found.minute, second=found.second, microsecond=0)
        return (then if then > now else then + timedelta(days=1)).timestamp()
    try:
        day = datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise UserError(
            tr("{text} is not a time.", text=repr(text)),
            tr("Write 22:30, or 2026-11-24 06:00."),
            code="bad-time",
        ) from None
    if day <= now:
        raise UserError(
            tr("{text} has passed.", text=text),
            tr("Give a time to come, or leave --at out to start at once."),
            code="bad-time",
        )
    return day.timestamp()
