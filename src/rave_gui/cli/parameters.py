"""Options of the command line made from the declared parameters of a training."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from typing import Any, TypeVar

import click

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.training.parameters import PARAMETERS
from rave_gui.training.schema import Finding, Parameter

F = TypeVar("F", bound=Callable[..., Any])

NAMES = {
    "configs": "--config", "augmentations": "--augment", "overrides": "--override", "clips": "--clip", "max_steps": "--steps",
}  # fmt: skip
"""Options that may be repeated are named in the singular; ``--steps`` is written by hand where it is needed."""


def parameter_options(*, skip: Collection[str] = ()) -> Callable[[F], F]:
    """An option for every parameter but ``skip``; the function gets their values by key, None (or ()) where not given."""

    def add(function: F) -> F:
        for item in reversed(PARAMETERS):
            if item.key not in skip:
                function = _option(item)(function)
        return function

    return add


def option_name(item: Parameter) -> str:
    """``--config``, ``--n-signal``, …"""
    return NAMES.get(item.key, item.option)


def _option(item: Parameter) -> Callable[[F], F]:
    name = option_name(item)
    unit = f" [{item.unit}]" if item.unit else ""
    help_text = f"{item.help}{unit}"
    if item.kind == "bool":
        return click.option(f"{name}/--no-{name[2:]}", item.key, default=None, help=help_text)
    if item.kind in ("names", "paths", "bindings"):
        return click.option(name, item.key, multiple=True, metavar=item.kind.upper()[:-1], help=help_text)
    if item.kind == "pair":
        return click.option(name, item.key, nargs=2, type=float, default=None, help=help_text)
    kind: Any = {"int": int, "float": float}.get(item.kind, str)
    if item.kind == "choice":
        kind = click.Choice([choice.value for choice in item.choices])
    return click.option(name, item.key, type=kind, default=None, help=help_text)


def given(values: dict[str, Any]) -> dict[str, Any]:
    """The parameters that were given, as the schema takes them. Raises :class:`UserError` (``bad-settings``) in the words of the options."""
    known = {item.key: item for item in PARAMETERS}
    found = {}
    for key, value in values.items():
        if key not in known or value is None or (isinstance(value, tuple) and not value):
            continue
        found[key] = list(value) if isinstance(value, tuple) else value
        option = option_name(known[key])
        wrong = dataclasses.replace(known[key], label=option).problem(found[key])
        if wrong:
            raise UserError(wrong, tr("Change “{name}”.", name=option), code="bad-settings")
    return found


def in_options(finding: Finding) -> Finding:
    """A finding as it is said here: parameters are called by their options, not as in the form."""
    message, hint = finding.message, finding.hint
    for item in PARAMETERS:
        if item.key in finding.keys:
            message, hint = (text.replace(tr(item.label), option_name(item)) for text in (message, hint))
    return dataclasses.replace(finding, message=message, hint=hint)
