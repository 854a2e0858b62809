"""A run as a script that trains the same again: with this application, or with RAVE's own command line."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects import Project
from rave_gui.training import actions, parameters

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services

ScriptKind = Literal["rave-gui", "python", "rave"]
"""rave-gui: a shell script with our command; python: the same for any system; rave: a shell script with RAVE's own command."""

SUFFIX: dict[ScriptKind, str] = {"rave-gui": ".sh", "python": ".py", "rave": ".sh"}
OPTION_NAMES = {
    "configs": "--config",
    "augmentations": "--augment",
    "overrides": "--override",
    "clips": "--clip",
}
"""Options that may be repeated are named in the singular on the command line; a test holds this against it."""


def write_script(services: Services, project: Project, run: str, kind: ScriptKind) -> str:
    """The script's text. Raises :class:`UserError`: run-missing, run-foreign (its settings are not known)."""
    fields = actions.settings(services, project, run)
    record = project.store.get("run", run)
    if record is None or record.job is None or "max_steps" not in fields:
        raise UserError(
            tr("It is not known with which settings the run {name} was trained.", name=repr(run)),
            tr(
                "Only runs that were started here can be written as a script; its config.gin is in {path}.",
                path=project.find_run(run),
            ),
            code="run-foreign",
        )
    params = _params(services, project, run, record.job)
    dataset = str(params.get("dataset") or record.parent or "")
    if kind == "rave":
        return _shell(_rave(fields), _about(run, fields, dataset, kind), dataset, f"{run}-again")
    command = ["rave-gui", "train", "start", *options(fields)]
    if kind == "python":
        return _python(command, _about(run, fields, dataset, kind), dataset, f"{run}-again")
    return _shell(
        [*command, "--project", "$PROJECT", "--dataset", "$DATASET", "--name", "$NAME"],
        _about(run, fields, dataset, kind),
        dataset,
        f"{run}-again",
    )


def options(fields: dict[str, Any]) -> list[str]:
    """Every setting as options of ``rave-gui train start``, also those that are the default now: defaults may change."""
    values = parameters.from_fields(fields)
    words = ["--steps", str(values["max_steps"])]
    for item in parameters.PARAMETERS:
        value = values[item.key]
        if item.key in ("max_steps", "name") or value is None or value == "":
            continue
        name = OPTION_NAMES.get(item.key, item.option)
        if item.kind == "bool":
            words.append(name if value else f"--no-{name[2:]}")
        elif item.kind == "pair":
            words += [name, *(repr(float(part)) for part in value)]
        elif isinstance(value, (list, tuple)):
            for part in value:
                words += [name, str(part)]
        else:
            words += [name, str(value)]
    return words


def _rave(fields: dict[str, Any]) -> list[str]:
    """RAVE's own command with what it knows of the settings (rave 2.3.1, scripts/train.py)."""
    words = ["rave", "train", "--name", "$NAME", "--db_path", "$DATASET", "--out_path", "$OUTPUT"]
    for name in fields.get("configs", ()):
        words += ["--config", str(name)]
    for name in fields.get("augmentations", ()):
        words += ["--augment", str(name)]
    for binding in fields.get("overrides", ()):
        words += ["--override", str(binding)]
    for key in ("max_steps", "val_every", "save_every", "n_signal", "channels", "batch", "workers"):
        words += [f"--{key}", str(fields[key])]
    words += [f"--{key}" for key in ("normalize", "derivative") if fields.get(key)]
    if fields.get("rand_pitch"):
        low, high = fields["rand_pitch"]
        words += ["--rand_pitch", f"{low},{high}"]
    if fields.get("ema") is not None:
        words += ["--ema", str(fields["ema"])]
    device = str(fields.get("device", "auto"))
    if device == "cpu":
        words.append("--gpu=-1")
    elif device.startswith("cuda:"):
        words += ["--gpu", device[5:]]
    return words


def _about(run: str, fields: dict[str, Any], dataset: str, kind: ScriptKind) -> list[str]:
    """What the script is, for its head."""
    from rave_gui import __version__

    made = time.strftime("%Y-%m-%d")
    said = [
        tr(
            "Trains the run {name} again. Written by RAVE GUI {version} on {date}.",
            name=run,
            version=__version__,
            date=made,
        ),
        tr("The dataset was {path}. The same sound, seed and computer give the same model.", path=dataset)
        if kind != "rave"
        else tr(
            "The dataset was {path}. RAVE draws its random numbers anew each time, so the result is alike, not equal.",
            path=dataset,
        ),
    ]
    outside = [name for name in fields.get("configs", ()) if Path(str(name)).is_absolute()]
    if outside:
        said.append(tr("It needs these configurations of your own: {names}.", names=", ".join(outside)))
    if fields.get("init_from"):
        said.append(tr("It began with the weights of {path}.", path=fields["init_from"]))
    if kind == "rave" and fields.get("init_from"):
        said.append(
            tr("RAVE's own command cannot begin with other weights, so this training begins with noise.")
        )
    if kind == "rave" and (fields.get("lr_generator") or fields.get("lr_discriminator")):
        said.append(tr("RAVE's own command has no option for learning rates: it uses its own."))
    return [" ".join(line.split()) for line in said]


def _shell(words: Sequence[str], about: Sequence[str], dataset: str, name: str) -> str:
    where = "OUTPUT=${3:-runs}" if words[0] == "rave" else "PROJECT=${3:-project}"
    lines = [
        "#!/bin/sh",
        *(f"# {line}" for line in about),
        f"# {tr('Usage:')} sh {tr('THIS-FILE')} [DATASET] [NAME] [{'OUTPUT' if words[0] == 'rave' else 'PROJECT'}]",
        "set -eu",
        f"OLD_DATASET={shlex.quote(dataset)}",
        f"OLD_NAME={shlex.quote(name)}",
        "DATASET=${1:-$OLD_DATASET}",
        "NAME=${2:-$OLD_NAME}",
        where,
        "exec " + " \\\n  ".join(_chunks(words)),
    ]
    return "\n".join(lines) + "\n"


def _chunks(words: Sequence[str]) -> list[str]:
    """An option and its values on a line; ``$NAME`` stays a variable, all else is quoted."""
    lines: list[str] = []
    for word in words:
        text = f'"{word}"' if word in ("$PROJECT", "$DATASET", "$NAME", "$OUTPUT") else shlex.quote(word)
        if word.startswith("--") or not lines:
            lines.append(text)
        else:
            lines[-1] += f" {text}"
    return lines


def _python(words: Sequence[str], about: Sequence[str], dataset: str, name: str) -> str:
    lines = [
        "#!/usr/bin/env python3",
        *(f"# {line}" for line in about),
        f"# {tr('Usage:')} python {tr('THIS-FILE')} [DATASET] [NAME] [PROJECT]",
        "import subprocess",
        "import sys",
        "",
        "given = sys.argv[1:]",
        f"dataset = given[0] if given else {dataset!r}",
        f"name = given[1] if len(given) > 1 else {name!r}",
        'project = given[2] if len(given) > 2 else "project"',
        "command = [",
        *(f"    {word!r}," for word in words),
        '    "--project", project, "--dataset", dataset, "--name", name,',
        "]",
        "sys.exit(subprocess.call(command))",
    ]
    return "\n".join(lines) + "\n"


def _params(services: Services, project: Project, run: str, job: str) -> dict[str, Any]:
    """Parameters of the job that trained the run newest; empty when its folder is gone."""
    if not (project.jobs / job).is_dir():
        return {}
    return services.jobs.get(job, project.path).params
