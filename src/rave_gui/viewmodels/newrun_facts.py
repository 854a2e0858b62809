"""What a new run has to know of datasets, computer and configuration. Everything here is called in threads."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.training.checks import MemoryFacts
from rave_gui.training.schema import DatasetFacts, MachineFacts, ModelFacts
from rave_gui.viewmodels.newrun import DatasetItem, Start

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.projects import Project


def datasets(services: Services, project: Project) -> list[DatasetItem]:
    """Datasets of the project, newest first; those that are unusable say why."""
    from rave_gui.workspace import listing

    found = []
    for row in reversed(listing.datasets(services, project)):
        problem = ""
        if row.missing:
            problem = tr("Its folder is not there.")
        elif row.state in ("queued", "starting", "running", "paused", "stopping"):
            problem = tr("It is still being made.")
        elif row.error:
            problem = row.error
        elif not row.chunks:
            problem = tr("It has no sound in it.")
        facts = DatasetFacts(
            row.chunks,
            0 if row.lazy else 2 * row.num_signal,
            row.sample_rate,
            row.channels,
            row.seconds_usable,
            row.lazy,
        )
        found.append(DatasetItem(row.name, Path(row.path), facts, problem))
    return found


def dataset_facts(path: Path) -> DatasetFacts:
    """What a dataset in ``path`` holds. Raises :class:`UserError` for one that cannot be opened."""
    from rave_gui.datasets.actions import facts

    found = facts(path)
    lazy = bool(found["lazy"])
    return DatasetFacts(
        found["chunks"],
        0 if lazy else 2 * (found["num_signal"] or 0),
        found["sample_rate"],
        found["channels"],
        found["seconds"],
        lazy,
    )


def earlier_starts(services: Services, project: Project) -> list[Start]:
    """The user's templates and the settings of the project's runs, newest first."""
    from rave_gui.configs import actions
    from rave_gui.workspace import listing

    found = []
    for item in actions.templates(services):
        if "fields" in item:
            text = item.get("description") or tr("Your own template.")
            found.append(Start(f"template:{item['name']}", item["name"], text, item["fields"]))
    for row in reversed(listing.runs(services, project)):
        if row.job is None or not (project.jobs / row.job).is_dir():
            continue
        try:
            params = services.jobs.get(row.job, project.path).params
        except UserError:
            continue
        if "configs" in params:
            found.append(
                Start(
                    f"run:{row.name}",
                    row.name,
                    tr(
                        "{model} on {dataset}",
                        model=" + ".join(Path(str(name)).stem for name in params["configs"]),
                        dataset=row.dataset or "–",
                    ),
                    params,
                    row.dataset or "",
                )
            )
    return found


def machine(services: Services, project: Project | None) -> MachineFacts:
    """What the computer has; the free space only of a project's disk."""
    status = services.engine.status()
    cuda = [name for name in status.devices if name.startswith("cuda")]
    return MachineFacts(
        cuda=len(cuda),
        ram=psutil.virtual_memory().total,
        cards=_card_bytes() if cuda else (),
        free_disk=shutil.disk_usage(project.path).free if project is not None else 0,
        cores=os.cpu_count() or 1,
    )


def _card_bytes() -> tuple[int, ...]:
    """Memory of each graphics card in the order of CUDA's numbers, empty when the driver does not tell."""
    import subprocess

    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    try:
        told = subprocess.run(
            [tool, "--query-gpu=memory.total", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
        return tuple(int(float(line)) << 20 for line in told.stdout.splitlines() if line.strip())
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return ()


def model_facts(found: Mapping[str, Any]) -> ModelFacts | None:
    """The model from the answer of ``configs.actions.validate``, None for a configuration that makes none."""
    facts = found.get("facts") or {}
    names = ModelFacts.__dataclass_fields__
    return ModelFacts(**{key: value for key, value in facts.items() if key in names}) if facts else None


def ask_engine(
    services: Services, project: Project, question: Mapping[str, Any]
) -> tuple[ModelFacts | None, MemoryFacts | None, tuple[str, str] | None]:
    """What the engine says of a configuration: the model, its memory, or why it cannot be (message, hint)."""
    from rave_gui.configs import actions

    stack = actions.Stack.of(question)
    found = actions.validate(services, stack, project=project.path)
    errors = [f for f in found["findings"] if f["severity"] == "error"]
    if errors or not found["valid"]:
        first = (
            errors[0] if errors else {"message": tr("The configuration does not make a model."), "hint": ""}
        )
        return None, None, (str(first["message"]), str(first.get("hint") or ""))
    model = model_facts(found)
    estimate = actions.estimate(services, stack, project.path)
    return model, MemoryFacts(int(estimate["phase_1"]), int(estimate["phase_2"])), None
