"""Take every stock configuration and sensible add-on through the wizard's own way: compose, validate, estimate, train tiny steps.

    python -m tools.config_wizard [--only NAME ...] [--no-write]

What the window's wizard does, without the window: its view-model (``viewmodels.newrun``) holds the choices, its questions go to the
warm worker, and what it would start is started through ``training.actions.start`` as a job with dispatcher, runner and engine.
Each training goes through both phases at a tiny capacity. Uses the engine of ``RAVE_GUI_ENGINE`` or the one that is
installed, in a home of its own. Writes benchmarks/results/config_wizard.json; exit code 1 when one failed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import soundfile
from tools.config_matrix import CASES, Case

from rave_gui import bootstrap
from rave_gui.audio import synth
from rave_gui.bootstrap import Services
from rave_gui.datasets import actions as datasets
from rave_gui.errors import UserError
from rave_gui.paths import AppPaths
from rave_gui.projects import Project
from rave_gui.runtime.worker_client import WarmWorker
from rave_gui.training import actions
from rave_gui.viewmodels import newrun_facts
from rave_gui.viewmodels.newrun import NewRunModel, preset_starts
from rave_protocol.specs import DatasetParams

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "config_wizard.json"
STEPS, PHASE_1 = 8, 5
CAPACITY, LATENTS = 4, 16
SECONDS = 45.0
PATIENCE = 300.0
SIGNAL = 131072
"""Samples an example; the dataset's chunks are twice as long."""


def make_project(services: Services, folder: Path) -> Project:
    """A project with a mono and a stereo dataset of synthesised plucks. Raises :class:`UserError`."""
    project = Project.open(folder / "project", create=True)
    sound = synth.plucks(SECONDS, 7, 44100)
    for channels, name in ((1, "mono"), (2, "stereo")):
        source = folder / f"{name}.wav"
        soundfile.write(source, sound if channels == 1 else [(v, 0.5 * v) for v in sound], 44100)
        params = DatasetParams(
            [str(source)], str(project.datasets / name), num_signal=SIGNAL, channels=channels
        )
        job = datasets.create(services, params, project=project.path)
        view = services.jobs.wait(job.id, timeout=PATIENCE, project=project.path)
        if view.state != "succeeded":
            raise UserError(f"The dataset {name} could not be made.", details=str(view.error))
    return project


def through_wizard(services: Services, project: Project, case: Case) -> dict[str, Any]:
    """One configuration from the first page of the wizard to the end of its training; the row of the table."""
    started = time.monotonic()
    model = NewRunModel()
    model.set_machine(newrun_facts.machine(services, project))
    model.set_datasets(newrun_facts.datasets(services, project))
    model.choose_start(next(start for start in preset_starts() if start.key == "own"))
    model.choose_dataset("stereo" if case.channels == 2 else "mono")
    model.set_value("configs", list(case.configs))
    model.set_values(
        {
            "channels": case.channels, "augmentations": list(case.augmentations), "n_signal": max(case.n_signal, 98304),
            "batch": 1, "capacity": CAPACITY, "latent_size": LATENTS, "phase_1_duration": PHASE_1, "max_steps": STEPS,
            "val_every": STEPS, "save_every": STEPS, "holdout": 2, "device": "cpu", "threads": 1,
        }
    )  # fmt: skip
    question = model.question
    if question is None:
        return {"error": str(model.problems)}
    facts, memory, refusal = newrun_facts.ask_engine(services, project, question)
    if refusal is not None:
        return {"error": " ".join(refusal)}
    model.set_facts(facts, memory)
    blocked = model.problem("review")
    row: dict[str, Any] = {
        "validated": facts is not None,
        "phase_1_mib": round(memory.phase_1 / 2**20, 1) if memory else None,
        "phase_2_mib": round(memory.phase_2 / 2**20, 1) if memory else None,
        "findings": [f"{f.severity} {f.code}" for f in model.findings],
        "seconds_of_questions": round(time.monotonic() - started, 2),
    }
    if blocked:
        return {**row, "error": blocked}
    job = actions.start(services, project, model.dataset, model.fields())
    view = services.jobs.wait(job.id, timeout=PATIENCE, project=project.path)
    result = view.result or {}
    row |= {"state": view.state, "step": result.get("step"), "phase": result.get("phase")}
    if view.state != "succeeded":
        row["error"] = str((view.error or {}).get("message") or view.reason)
    return {**row, "seconds": round(time.monotonic() - started, 1)}


def passed(row: dict[str, Any]) -> bool:
    """Whether a row is all green: both phases trained, memory of both told, nothing against it."""
    return (
        "error" not in row
        and row["state"] == "succeeded"
        and (row["step"], row["phase"]) == (STEPS, "phase 2")
        and row["phase_2_mib"] > 0 < row["phase_1_mib"]
    )


def commit() -> str:
    """Short hash of the checkout, with ``+`` when files of the program differ from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "src")
    return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")


def main() -> int:
    """Run the chosen configurations; 0 when all are green."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", help="names as the table has them")
    parser.add_argument("--no-write", action="store_true", help="leave the results as they are")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="config-wizard-") as name:
        work = Path(name)
        os.environ["RAVE_GUI_HOME"] = str(work / "home")
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        home = work / "home"
        services = bootstrap.build(AppPaths(home / "data", home / "config", home / "cache"))
        begun = time.monotonic()
        project = make_project(services, work)
        worker = WarmWorker(services.engine, services.paths)
        worker.start()
        rows = []
        try:
            for case in CASES:
                if options.only and case.name not in options.only:
                    continue
                row = through_wizard(services, project, case)
                rows.append({"name": case.name, **row, "passed": passed(row)})
                print(json.dumps(rows[-1]), flush=True)
        finally:
            worker.stop()
        status = services.engine.status()
        result = {
            "commit": commit(),
            "engine": {name: getattr(status, name) for name in ("python", "rave", "torch", "torchaudio")},
            "steps": STEPS,
            "phase_1_steps": PHASE_1,
            "capacity": CAPACITY,
            "seconds": round(time.monotonic() - begun, 1),
            "passed": sum(row["passed"] for row in rows),
            "configurations": rows,
        }
    if not options.no_write:
        RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row["passed"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
