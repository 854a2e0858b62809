"""The jobs of ``window_kill_campaign.py``: how a window submits one of each kind, what it works on, and what a good end is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from rave_gui.audio import synth
from rave_gui.bootstrap import Services
from rave_gui.jobs import JobView
from rave_gui.projects import Project
from rave_protocol.specs import ENGINE_KINDS, DatasetParams, EngineInstallParams

BASE = "base"
"""Name of the small dataset, of the run and of the export that jobs work on."""
BIG = "big"
"""Name of the dataset of the long recording, where there is one."""
LONG = "long"
"""Folder beside the project with the long recording."""
STEPS = 12


def _root(project: Project) -> Path:
    return project.path.parent


def _big(project: Project) -> Path:
    big = project.datasets / BIG
    return big if big.exists() else project.datasets / BASE


def _material(project: Project) -> Path:
    """Recordings for what is built: the long one where there is one."""
    long = _root(project) / LONG
    return long if long.exists() else project.sounds


def dataset(services: Services, project: Project, name: str, sources: Path) -> JobView:
    """Build a dataset of the project."""
    from rave_gui.datasets import actions

    output = project.datasets / name
    params = DatasetParams([str(sources)], str(output), num_signal=32768)
    view = actions.create(services, params, project=project.path)
    project.store.register("dataset", name, output, job=view.id)
    return view


def _append(services: Services, project: Project, number: int) -> JobView:
    from rave_gui.datasets import actions

    grown = project.datasets / f"grown {number}"
    return actions.append(services, grown, [str(_material(project))], project=project.path)


def _to_grow(_services: Services, project: Project, number: int) -> None:
    grown = project.datasets / f"grown {number}"
    shutil.copytree(project.datasets / BASE, grown)
    project.store.register("dataset", grown.name, grown)


def _look(name: str) -> Callable[[Services, Project, int], JobView]:
    def submit(services: Services, project: Project, _number: int) -> JobView:
        from rave_gui.datasets import actions

        found: JobView = getattr(actions, name)(services, _big(project), project.path)
        return found

    return submit


def _unlooked(services: Services, project: Project, _number: int) -> None:
    """What an earlier look has left is taken away: otherwise there is nothing to do."""
    from rave_gui.datasets.beside import beside

    shutil.rmtree(beside(_big(project), services.paths), ignore_errors=True)


def _copy(name: str, target: str) -> Callable[[Services, Project, int], JobView]:
    def submit(services: Services, project: Project, number: int) -> JobView:
        from rave_gui.datasets import actions

        output = project.datasets / f"{target} {number}"
        found: JobView = getattr(actions, name)(services, _big(project), output, project.path)
        return found

    return submit


def _mark(services: Services, project: Project, _number: int) -> None:
    from rave_gui.datasets.beside import set_marks
    from rave_gui.datasets.read import Dataset

    with Dataset(_big(project)) as one:
        keys = frozenset(one.key(place) for place in (0, 2))
    set_marks(_big(project), keys, paths=services.paths)


def _extract(services: Services, project: Project, number: int) -> JobView:
    from rave_gui.datasets import actions

    folder = _root(project) / f"files {number}"
    return actions.extract(services, _big(project), folder, project=project.path)


def _pack(services: Services, project: Project, number: int) -> JobView:
    from rave_gui.datasets import actions

    return actions.export(services, _big(project), _root(project) / f"packed {number}", project.path)


def _restore(services: Services, project: Project, number: int) -> JobView:
    from rave_gui.datasets import actions

    kept, output = _root(project) / "kept.ravedataset", project.datasets / f"restored {number}"
    return actions.restore(services, kept, output, project.path)


def _kept_dataset(services: Services, project: Project, _number: int) -> None:
    from rave_gui.datasets import archive

    kept = _root(project) / "kept.ravedataset"
    if not kept.exists():
        archive.save(_big(project), kept, paths=services.paths)


def _archive(services: Services, project: Project, number: int, name: str = "") -> JobView:
    from rave_gui.workspace import actions

    output = _root(project) / f"{name or f'project {number}'}.ravegui"
    return actions.export_archive(services, project.path, output)


def _kept_project(services: Services, project: Project, number: int) -> None:
    if not (_root(project) / "kept.ravegui").exists():
        view = _archive(services, project, number, "kept")
        services.jobs.wait(view.id, project=project.path)


def _import(services: Services, project: Project, number: int) -> JobView:
    from rave_gui.workspace import actions

    return actions.import_archive(
        services, _root(project) / "kept.ravegui", _root(project) / f"imported {number}"
    )


def _fields() -> dict[str, Any]:
    from rave_gui.configs.actions import preset

    fields = preset("tiny", STEPS)
    return {**fields, "overrides": [*fields.get("overrides", ()), "CAPACITY = 4"], "device": "cpu"}


def train(services: Services, project: Project, number: int, name: str = "") -> JobView:
    """Train a tiny model for :data:`STEPS` steps."""
    from rave_gui.training import actions

    return actions.start(services, project, BASE, _fields(), name=name or f"run {number}")


def _trial(services: Services, project: Project, _number: int) -> JobView:
    from rave_gui.training import actions

    return actions.trial(services, _fields(), project=project, dataset=BASE)


def _render(services: Services, project: Project, _number: int) -> JobView:
    from rave_gui.models import actions

    return actions.render(services, project, BASE, project.sounds / "drums.wav")


def _evaluate(services: Services, project: Project, _number: int) -> JobView:
    from rave_gui.models import actions

    return actions.evaluate(services, project, BASE, BASE)


def export(services: Services, project: Project, number: int, name: str = "") -> JobView:
    """Export the run."""
    from rave_gui.exports import actions

    return actions.run(services, project, BASE, name=name or f"file {number}")


def _verify(services: Services, project: Project, _number: int) -> JobView:
    from rave_gui.exports import actions

    return actions.verify(services, project, BASE)


def _install(services: Services, _project: Project, _number: int) -> JobView:
    return services.jobs.submit(
        "engine-install", EngineInstallParams("cpu"), project=None, title="Set up the engine"
    )


def _no_engine(services: Services, _project: Project, _number: int) -> None:
    services.engine.remove()  # an adopted one is only forgotten


def _nothing(_services: Services, _project: Project, _number: int) -> None:
    return None


@dataclass(frozen=True)
class Kind:
    """How a job of one kind comes to be."""

    submit: Callable[[Services, Project, int], JobView]
    """Called in the window's process, in the thread in which its pages submit."""
    before: Callable[[Services, Project, int], None] = _nothing
    """Makes ready, in the campaign's process, what the job needs."""
    registers: str = ""
    """Beginning of the name under which the project must know what was made."""


KINDS: dict[str, Kind] = {
    "dataset": Kind(
        lambda services, project, number: dataset(services, project, f"set {number}", _material(project)),
        registers="set",
    ),
    "dataset-append": Kind(_append, _to_grow, "grown"),
    "dataset-stats": Kind(_look("compute_stats"), _unlooked),
    "dataset-index": Kind(_look("build_index"), _unlooked),
    "dataset-check": Kind(_look("validate")),
    "dataset-repair": Kind(_copy("repair", "repaired"), registers="repaired"),
    "dataset-clean": Kind(_copy("clean_copy", "cleaned"), _mark, "cleaned"),
    "dataset-clone": Kind(_copy("clone", "copy"), registers="copy"),
    "dataset-extract": Kind(_extract),
    "dataset-archive": Kind(_pack),
    "dataset-restore": Kind(_restore, _kept_dataset, "restored"),
    "project-export": Kind(_archive),
    "project-import": Kind(_import, _kept_project),
    "train": Kind(train, registers="run"),
    "trial": Kind(_trial),
    "render": Kind(_render),
    "evaluate": Kind(_evaluate),
    "export": Kind(export, registers="file"),
    "verify": Kind(_verify),
    "engine-install": Kind(_install, _no_engine),
}
"""Every kind of job that there is."""
WITHOUT_ENGINE = tuple(kind for kind in KINDS if kind not in ENGINE_KINDS and kind != "engine-install")


def sounds(project: Project, minutes: float) -> None:
    """Recordings for the project: two short ones, and with ``minutes`` a long one beside it."""
    project.sounds.mkdir(exist_ok=True)
    for name, make in (("plucks", synth.plucks), ("drums", synth.drums)):
        soundfile.write(project.sounds / f"{name}.wav", make(15.0, 1, 44100), 44100)
    if minutes:
        long = _root(project) / LONG
        long.mkdir()
        quarter = synth.drums(15.0, 1, 44100)
        with soundfile.SoundFile(long / "long.wav", "w", 44100, 1) as file:
            for _ in range(round(minutes * 4)):
                file.write(quarter)


def wrong(services: Services, project: Project, view: JobView, number: int) -> list[str]:
    """What is wrong with what a job has made; empty when it is as it should be."""
    result = view.result or {}
    path = Path(str(result.get("path") or result.get("checkpoint") or result.get("folder") or view.folder))
    faults = [] if path.exists() else [f"the result {path.name} is not there"]
    if path.suffix == ".wav" and not np.abs(soundfile.read(path)[0]).max() > 0:
        faults.append(f"the result {path.name} is silent")
    if KINDS[view.kind].registers == "run":
        faults += _unknown(project, "run", f"run {number}")
    elif KINDS[view.kind].registers == "file":
        faults += _unknown(project, "export", f"file {number}")
    elif word := KINDS[view.kind].registers:
        faults += _unknown(project, "dataset", f"{word} {number}")
        faults += _chunks(project, view, project.datasets / f"{word} {number}")
    if view.kind == "project-import" and not Project.open(path).items("dataset"):
        faults.append("the imported project is empty")
    if view.kind == "dataset-extract":
        count, there = _count(_big(project)), len(list((_root(project) / f"files {number}").rglob("*.wav")))
        faults += [] if count == there else [f"{there} of {count} files are there"]
    if view.kind == "engine-install":
        status = services.engine.status()
        environments = list((services.paths.engines / "envs").iterdir())
        if not status.ready or status.source != "managed" or len(environments) != 1:
            faults.append(f"the engine is {status}, with {len(environments)} environments")
    return faults


def _unknown(project: Project, what: Any, name: str) -> list[str]:
    known = {record.name for record in Project.open(project.path).items(what)}
    return [] if name in known else [f"the project does not know {name!r}"]


def _count(path: Path) -> int:
    from rave_gui.datasets.read import Dataset

    with Dataset(path) as one:
        return one.chunks


def _chunks(project: Project, view: JobView, path: Path) -> list[str]:
    """Every chunk that must be there is."""
    big, base = _count(_big(project)), _count(project.datasets / BASE)
    more = big if (_root(project) / LONG).exists() else 0
    wanted = {"dataset-clean": big - 2, "dataset-append": base + more}.get(view.kind, big)
    found = _count(path)
    return [] if found == wanted else [f"{path.name} has {found} chunks, not {wanted}"]


def tidy(project: Project, number: int) -> None:
    """Take away what a round has made that later ones do not need."""
    for path in (*project.datasets.glob(f"* {number}"), *_root(project).glob(f"* {number}*")):
        if path.is_dir():
            project.store.forget("dataset", path.name)
            shutil.rmtree(path)
        else:
            path.unlink()
