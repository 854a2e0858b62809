"""A small project with real things in it, and what tests of archives need around it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from rave_gui.datasets.build import run as build_dataset
from rave_gui.projects import Project
from rave_gui.projects.archive import exporting, importing
from rave_protocol.events import Event
from rave_protocol.files import write_json
from rave_protocol.specs import DatasetParams, JobSpec, ProjectExportParams, ProjectImportParams, TrainParams
from rave_protocol.work import Cancelled, WorkContext


class Context:
    """A job that nobody watches; ``cancel_after`` bytes end it."""

    def __init__(self, cancel_after: float = float("inf")) -> None:
        self.cancelled = False
        self.cancel_after = cancel_after
        self.seen: list[tuple[float, float]] = []

    def emit(self, event: Event) -> None:
        """Nothing listens."""

    def check_cancel(self) -> None:
        """Raise once enough was done."""
        if self.cancelled or (self.seen and self.seen[-1][0] >= self.cancel_after):
            self.cancelled = True
            raise Cancelled

    def progress(self, done: float, total: float, **_: Any) -> None:
        """Remember it."""
        self.seen.append((done, total))


def fill(project: Project, seed: int = 0) -> Project:
    """A dataset made of real sound, a run in RAVE's layout, an export, a take and an ended job, all registered."""
    random = np.random.default_rng(seed)
    project.sounds.mkdir(parents=True)
    for name in ("kick", "schnarre ä"):
        sound = (random.standard_normal(44100) * 0.1).astype(np.float32)
        soundfile.write(project.sounds / f"{name}.wav", sound, 44100)
    data = project.datasets / "drums"
    job = project.path.with_name(f"{project.path.name} job")
    job.mkdir()
    build_dataset(DatasetParams([str(project.sounds)], str(data), num_signal=8192), WorkContext(job))
    shutil.rmtree(job)
    run = project.runs / "drums tiny"
    checkpoints = run / "version_0" / "checkpoints"
    checkpoints.mkdir(parents=True)
    (run / "config.gin").write_text("RAVE.n_channels = 1\n" * 50)
    for step in (10, 20, 30):
        (checkpoints / f"step_{step:08}.ckpt").write_bytes(random.bytes(40_000))
    (checkpoints / "best.ckpt").write_bytes(random.bytes(40_000))
    (run / "version_0" / "events.out.tfevents.1.host.1.0").write_bytes(b"event" * 2000)
    export = project.exports / "drums tiny"
    export.mkdir(parents=True)
    torchscript(export / "drums tiny_streaming.ts")
    write_json(
        export / "card.json", {"run": "drums tiny", "step": 30, "sample_rate": 44100, "latent_size": 4}
    )
    project.takes.mkdir()
    soundfile.write(project.takes / "take one.wav", np.zeros(1000, np.float32), 44100)
    params = TrainParams(str(data), str(run), "drums tiny")
    ended_job(project, "20260101-000000-000-aaaa", params)
    project.items("dataset")
    project.store.register("run", "drums tiny", run, job="20260101-000000-000-aaaa", parent="drums")
    project.store.register("export", "drums tiny", export, parent="drums tiny")
    project.store.tag("run", "drums tiny", ["best"])
    return project


def ended_job(project: Project, name: str, params: TrainParams, state: str = "succeeded") -> Path:
    """The folder of a job as it lies there afterwards."""
    folder = project.jobs / name
    folder.mkdir(parents=True)
    write_json(
        folder / "spec.json", JobSpec(name, "train", "Train", params, 1.0, str(project.path)).to_json()
    )
    write_json(folder / "state.json", {"state": state, "result": {"run": params.run}})
    (folder / "events.jsonl").write_text(
        json.dumps({"type": "artifact", "time": 1.0, "kind": "run", "path": params.run}) + "\nnot json\n"
    )
    (folder / "log.txt").write_text("a log\n" * 100)
    return folder


def torchscript(path: Path) -> None:
    """A file that looks like a TorchScript model from the outside."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/constants.pkl", os.urandom(3000))


def hashes(folder: Path, *, without: tuple[str, ...] = ()) -> dict[str, str]:
    """SHA-256 of every file below ``folder`` by relative path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith(without):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


Tweak = Callable[[zipfile.ZipInfo], None]


def forge(
    good: Path,
    target: Path,
    extra: list[tuple[str, bytes, Tweak | None]],
    *,
    manifest: Callable[[dict[str, Any]], None] | None = None,
    replace: dict[str, bytes] | None = None,
    drop: tuple[str, ...] = (),
) -> Path:
    """Write ``good`` anew as somebody who means harm would: with ``extra`` entries that its manifest lists as it should."""
    replace = replace or {}
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(target, "w") as made:
        listed = json.loads(source.read("manifest.json"))
        entries = [e for e in listed["entries"] if e["path"] not in drop]
        for entry in entries:
            data = replace.get(entry["path"], source.read(entry["path"]))
            entry["size"], entry["sha256"] = len(data), hashlib.sha256(data).hexdigest()
            made.writestr(entry["path"], data)
        for name, data, tweak in extra:
            info = zipfile.ZipInfo("x", (2026, 1, 1, 0, 0, 0))
            info.filename = info.orig_filename = name
            info.external_attr = 0o100644 << 16
            if tweak:
                tweak(info)
            # A name given twice is what some of these tests want; zipfile only warns.
            with made.open(info, "w") as file:
                file.write(data)
            entries.append({"path": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()})
        listed["entries"] = entries
        if manifest:
            manifest(listed)
        made.writestr("manifest.json", json.dumps(listed))
    return target


def pack(project: Project, output: Path, job: Context | None = None, **options: Any) -> Path:
    """Write an archive in this process."""
    params = ProjectExportParams(str(project.path), str(output), **options)
    return Path(exporting.run(params, job or Context())["path"])


def unpack(archive: Path, output: Path, job: Context | None = None, **limits: int) -> dict[str, Any]:
    """Import an archive in this process."""
    return importing.run(ProjectImportParams(str(archive), str(output), **limits), job or Context())


def left_in(folder: Path) -> list[str]:
    """Names of everything in a folder, hidden things as well."""
    return sorted(entry.name for entry in folder.iterdir())
