"""Options that several commands share to name a stack of configurations."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from rave_gui.errors import UserError
from rave_gui.i18n import tr

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.configs.actions import Stack

F = TypeVar("F", bound=Callable[..., Any])


def stack_argument(command: F) -> F:
    """``configs``: names or files, as arguments or as ``--config``, as the commands that train have it."""

    def merged(*args: Any, configs: tuple[str, ...], named: tuple[str, ...], **rest: Any) -> Any:
        if not configs and not named:
            raise click.UsageError("Name at least one configuration, such as v2.")
        return command(*args, configs=(*configs, *named), **rest)

    functools.update_wrapper(merged, command)
    argument = click.argument("configs", nargs=-1, metavar="CONFIG...")
    option = click.option("--config", "-c", "named", multiple=True, metavar="CONFIG", help="The same as CONFIG; may be repeated.")  # fmt: skip
    found: Any = argument(option(merged))
    return cast("F", found)


def stack_options(command: F) -> F:
    """``--override``, ``--augment``, ``--channels``: what a stack consists of besides its names."""
    for option in (
        click.option("--channels", type=click.IntRange(min=1), default=1, show_default=True, help="1 mono, 2 stereo."),
        click.option("--augment", "augmentations", multiple=True, metavar="NAME", help="mute, compress or gain; may be repeated."),
        click.option("--override", "overrides", multiple=True, metavar="BINDING", help="Gin binding such as “CAPACITY = 16”; may be repeated."),
    ):  # fmt: skip
        command = option(command)
    return command


def size_options(command: F) -> F:
    """``--batch`` and ``--n-signal``."""
    for option in (
        click.option("--n-signal", type=click.IntRange(min=1), default=131072, show_default=True, help="Samples an example."),
        click.option("--batch", type=click.IntRange(min=1), default=8, show_default=True, help="Examples a step."),
    ):  # fmt: skip
        command = option(command)
    return command


def fields_of(services: Services, text: str, project: str | None) -> dict[str, Any]:
    """Fields of ``TrainParams`` for one side of a comparison.

    ``preset:NAME``, ``template:NAME``, ``run:NAME`` (of the project), otherwise names of configurations joined by ``+``.
    Raises :class:`UserError`.
    """
    from rave_gui.configs import actions as configs

    kind, found, name = text.partition(":")
    if found and kind == "preset":
        return configs.preset(name)
    if found and kind == "template":
        fields: dict[str, Any] = configs.template(services, name)["fields"]
        return fields
    if found and kind == "run":
        from rave_gui.projects import Project
        from rave_gui.training import actions as training

        if project is None:
            raise UserError(
                tr("It is not known in which project the run {name} lies.", name=repr(name)),
                tr("Say so with --project."),
                code="project-missing",
            )
        return training.settings(services, Project.open(project), name)
    return {"configs": [part for part in text.split("+") if part]}


def stack_of(fields: dict[str, Any]) -> Stack:
    """The part of fields that makes a model."""
    from rave_gui.configs.actions import Stack

    return Stack.of(fields)


def project_path(project: str | None) -> Path | None:
    """The project's folder, absolute; None without one."""
    return Path(project).expanduser().absolute() if project else None
