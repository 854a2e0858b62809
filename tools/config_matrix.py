"""Train, export and verify every stock configuration of RAVE in miniature; write the results as data and as a page.

    ENGINE_PYTHON tools/config_matrix.py [--only NAME ...] [--keep FOLDER] [--no-write]

With ``--only`` the rows of those configurations replace the ones in the results; each row says which commit it measured.

Run it with the engine's interpreter. RAVE is imported once and each configuration runs in a process forked from that (POSIX), so
the whole takes minutes. Each one trains a few steps through phase 1 and phase 2 with ``rave_engine.training`` on
synthesised sound, at a tiny capacity, then exports a streaming model and verifies it with plain ``torch.jit.load``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "config_matrix.json"
PAGE = ROOT / "docs" / "configurations.md"
STEPS = 12
PHASE_1 = 8
CAPACITY = 4
LATENTS = 16
N_SIGNAL = 98304
CHUNKS = 10
TIMEOUT = 300.0
SAMPLE_RATE = 44100


@dataclass(frozen=True)
class Case:
    """One stack of configurations, and what upstream needed to be able to run it."""

    configs: tuple[str, ...]
    channels: int = 1
    augmentations: tuple[str, ...] = ()
    needed: str = ""
    overrides: tuple[str, ...] = ()
    n_signal: int = N_SIGNAL
    """Samples an example; more where the receptive field leaves too little of it to compare."""

    @property
    def name(self) -> str:
        """Readable and unique: ``v2 + causal``, ``v1 (stereo)``, ``v2 + augment gain``."""
        extra = "".join(f" + augment {a}" for a in self.augmentations)
        return " + ".join(self.configs) + extra + (" (stereo)" if self.channels == 2 else "")


COMPRESSOR = "the compressor without sox"
MEL = "the waveform instead of the mel spectrogram into the PQMF; in streaming, a spectrogram with memory"
MEMORY = MEL + " and a recurrent layer with memory"
CODEBOOKS = "a quantize callback that runs; fast k-means"
STEREO = "the number of channels written into the configuration"
PARITY = "band signs put right where a streaming layer is late by an odd number of frames"
CASES: tuple[Case, ...] = (
    Case(("v1",)),
    Case(("v2",)),
    Case(("v2_small",)),
    Case(("v3",)),
    Case(("onnx",)),
    Case(("raspberry",)),
    Case(("discrete",), needed=CODEBOOKS),
    Case(("discrete_v3",), needed=CODEBOOKS),
    Case(("hybrid",), needed=MEMORY),
    Case(("v2_nopqmf",), needed=f"{COMPRESSOR}; an export that leaves raw output alone"),
    Case(
        ("v2_nopqmf_small",),
        needed=f"{COMPRESSOR}, taking `amp_range`; an export that leaves raw output alone",
    ),
    Case(("v2_with_augs",), needed=f"{COMPRESSOR}; {MEL}", n_signal=131072),
    Case(("v2", "causal")),
    Case(("v2", "noise")),
    Case(("v2", "wasserstein")),
    Case(("v2", "spherical"), needed="norms that are never zero: silence gave NaN"),
    Case(("v2", "adain")),
    Case(("v2", "snake")),
    Case(("v2", "hybrid"), needed=MEMORY),
    Case(("v2", "descript_discriminator")),
    Case(("v2", "spectral_discriminator")),
    Case(("v2", "normalize_ambient"), needed=COMPRESSOR),
    Case(("v1", "causal"), needed=PARITY),
    Case(("v2_small", "causal")),
    Case(("v3", "causal")),
    Case(("discrete", "causal"), needed=CODEBOOKS),
    Case(("v2_small", "wasserstein")),
    Case(("v2",), augmentations=("mute",)),
    Case(("v2",), augmentations=("gain",), needed="a gain that changes the sound"),
    Case(("v2",), augmentations=("compress",), needed=COMPRESSOR),
    Case(("v1",), channels=2, needed=STEREO),
    Case(("v2",), channels=2, needed=STEREO),
    Case(("v3",), channels=2, needed=STEREO),
    Case(("discrete",), channels=2, needed=f"{STEREO}; {CODEBOOKS}"),
)


def expose_engine() -> None:
    """Make rave_engine importable as the application does, unless somebody already did."""
    if "rave_engine" in sys.modules:
        return
    runpy.run_path(str(ROOT / "src" / "rave_engine" / "boot.py"))["expose_packages"]()


def make_dataset(folder: Path, channels: int) -> Path:
    """Write plucked tones and noise bursts as ``rave preprocess`` stores them: int16 chunks of twice N_SIGNAL samples."""
    import lmdb
    import numpy as np
    import yaml
    from udls.generated import AudioExample

    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    length = 2 * N_SIGNAL
    t = np.arange(length) / SAMPLE_RATE
    env = lmdb.open(str(folder), map_size=1 << 28, lock=False)
    with env.begin(write=True) as txn:
        for i in range(CHUNKS):
            sound = 0.01 * rng.standard_normal((channels, length))
            for start in rng.uniform(0, t[-1], 12):
                after = np.clip(t - start, 0, None)
                tone = np.sin(2 * np.pi * rng.uniform(80, 2000) * after) * np.exp(-5 * after) * (t >= start)
                sound += rng.uniform(0.1, 0.5, (channels, 1)) * tone
            example = AudioExample()
            buffer = example.buffers["waveform"]
            buffer.data = (np.clip(sound, -1, 1) * 32767).astype(np.int16).tobytes()
            buffer.shape.extend([channels, length])
            buffer.sampling_rate = SAMPLE_RATE
            buffer.precision = AudioExample.Precision.INT16
            txn.put(f"{i:08d}".encode(), example.SerializeToString())
    env.close()
    facts = {
        "channels": channels,
        "lazy": False,
        "n_seconds": CHUNKS * length / SAMPLE_RATE,
        "sr": SAMPLE_RATE,
    }
    (folder / "metadata.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
    return folder


def run_case(case: Case, dataset: Path, folder: Path) -> dict[str, Any]:
    """Train, export, verify; the row of this configuration. Raises whatever goes wrong."""
    import torch

    from rave_engine import checkpoints, export, training
    from rave_engine.jobs import JobContext
    from rave_protocol.specs import ExportParams, TrainParams, VerifyParams

    torch.set_num_threads(1)
    started = time.monotonic()
    folder.mkdir(parents=True)
    overrides = [f"CAPACITY = {CAPACITY}", f"PHASE_1_DURATION = {PHASE_1}"]
    overrides += [f"LATENT_SIZE = {LATENTS}", *case.overrides]
    params = TrainParams(
        dataset=str(dataset),
        run=str(folder / "run"),
        name="run",
        configs=list(case.configs),
        overrides=overrides,
        augmentations=list(case.augmentations),
        channels=case.channels,
        n_signal=case.n_signal,
        batch=1,
        max_steps=STEPS,
        val_every=STEPS,
        save_every=STEPS,
        holdout=2,
        device="cpu",
    )
    job_folder = folder / "job"
    job_folder.mkdir()
    job = JobContext(job_folder)
    trained = training.run(params, job)
    state = checkpoints.load(Path(trained["checkpoint"]))
    weights = state["state_dict"]
    row: dict[str, Any] = {
        "train": trained["step"] == STEPS and all(bool(v.isfinite().all()) for v in weights.values()),
        "phase_2": trained["phase"] in (2, "phase 2"),
    }
    inited = [float(v) for k, v in weights.items() if k.endswith("_codebook.inited")]
    row["codebooks"] = f"{sum(v > 0 for v in inited)} of {len(inited)}" if inited else None
    exported = export.run(
        ExportParams(checkpoint=trained["checkpoint"], output=str(folder / "export"), name="model"), job
    )
    facts = export.verify(VerifyParams(exported["path"]), job)
    row |= {
        "export": True,
        "finite": facts["finite"],
        "silent": facts["silent"],
        "repeatable": facts["repeatable"],
        "batches": facts["batches"],
        "peak": facts["peak"],
        "latent_size": facts["latent_size"],
        "channels": facts["channels"],
        "streaming_error_db": facts["streaming_error_db"],
        "latency_samples": exported["latency"]["samples"],
        "latency_match": exported["latency"]["match"],
        "seconds": round(time.monotonic() - started, 1),
    }
    return row


def passed(row: dict[str, Any]) -> bool:
    """Whether a row is all green."""
    good = ("train", "phase_2", "export", "finite", "repeatable", "batches")
    codebooks = row.get("codebooks")
    return (
        all(row.get(k) is True for k in good)
        and row.get("silent") is False
        and row.get("streaming_error_db", 0) <= -100
        and (codebooks is None or len(set(codebooks.split(" of "))) == 1)
    )


def _child(case: Case, dataset: Path, folder: Path, answer: Any) -> None:
    log = (folder.parent / f"{folder.name}.log").open("w", encoding="utf-8")
    with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        try:
            answer.send(run_case(case, dataset, folder))
        except Exception as error:  # noqa: BLE001 - a row of the table says what went wrong, whatever it was
            traceback.print_exc()
            answer.send({"error": f"{type(error).__name__}: {error}"})
    log.close()


def in_child(case: Case, dataset: Path, folder: Path) -> dict[str, Any]:
    """:func:`run_case` in a forked process; a crash or a run past TIMEOUT becomes an ``error`` in the row."""
    context: Any = multiprocessing.get_context(
        "fork"
    )  # no such thing on Windows, where this tool does not run
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(case, dataset, folder, sender))
    child.start()
    sender.close()
    row: dict[str, Any] = {"error": f"no answer within {TIMEOUT:.0f} s"}
    if receiver.poll(TIMEOUT):
        try:
            row = receiver.recv()
        except EOFError:
            row = {"error": "the process ended without an answer"}
    child.join(5)
    if child.is_alive():
        child.kill()
        child.join()
    return row


def commit() -> str:
    """Short hash of the checkout, with ``+`` when files differ from it."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--abbrev=12"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def versions() -> dict[str, str]:
    """Of what decides the results."""
    from importlib import metadata

    names = ("torch", "torchaudio", "acids-rave", "cached-conv", "nn-tilde", "gin-config", "numpy")
    found = {"python": sys.version.split()[0]}
    for name in names:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def page(result: dict[str, Any]) -> str:
    """docs/configurations.md from the results."""
    rows = result["configurations"]
    green = sum(row["passed"] for row in rows)
    lines = [
        "# Configurations",
        "",
        "Every stock configuration of RAVE, trained in miniature through both phases, exported for streaming and verified with plain",
        f"`torch.jit.load`: **{green} of {len(rows)}** pass. Made by `tools/config_matrix.py`; the data is in",
        "`benchmarks/results/config_matrix.json`.",
        "",
        f"Commit {', '.join(dict.fromkeys(row['commit'] for row in rows))}, "
        + ", ".join(f"{name} {version}" for name, version in result["versions"].items())
        + f". {STEPS} steps, phase 2 from step {PHASE_1}, `CAPACITY = {CAPACITY}`, `LATENT_SIZE = {LATENTS}`, CPU.",
        "",
        (
            "*Streaming error*: blocks against the whole at randomness 0, largest difference relative to the whole's peak (at most -100 dB"
            " asked). *Peak*: of the answer to a test signal; after so few steps only its being there counts. *Delay*: of the streaming"
            " model, in milliseconds, measured against the same model offline."
        ),
        "",
        "| Configuration | Needed, beyond RAVE as published | Trained, both phases | Codebooks | Streaming error, dB | Peak | Delay, ms | Passed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if "error" in row:
            lines.append(f"| {row['name']} | {row['needed'] or '-'} | {row['error'][:80]} | | | | | no |")
            continue
        both = "yes" if row["train"] and row["phase_2"] else "no"
        lines.append(
            f"| {row['name']} | {row['needed'] or '-'} | {both} | {row['codebooks'] or '-'} | {row['streaming_error_db']:.0f} "
            f"| {row['peak']:.1e} | {1000 * row['latency_samples'] / SAMPLE_RATE:.0f} | {'yes' if row['passed'] else 'no'} |"
        )
    lines += [
        "",
        (
            "`spherical`, `wasserstein`, `noise`, `adain`, `snake`, `causal` and the discriminators are modifiers: they need a base of the"
            " v2 family before them (`causal` also takes v1)."
        ),
        "",
    ]
    return "\n".join(lines)


def merged(before: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Earlier results with the rows of this run in place of those of the same configurations."""
    fresh = {row["name"]: row for row in rows}
    kept = [fresh.pop(row["name"], row) for row in before["configurations"]]
    return {**before, "configurations": [*kept, *fresh.values()]}


def main() -> int:
    """Run the chosen configurations; 0 when all are green."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", help="names as the table has them")
    parser.add_argument("--keep", type=Path, help="keep runs, exports and logs in this folder")
    parser.add_argument("--no-write", action="store_true", help="leave the results and the page as they are")
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    expose_engine()
    from rave_engine import compat

    compat.install(training=True)
    work = args.keep or Path(tempfile.mkdtemp(prefix="config-matrix-"))
    work.mkdir(parents=True, exist_ok=True)
    os.environ["RAVE_GUI_HOME"] = str(work / "home")
    datasets = {channels: make_dataset(work / f"dataset-{channels}", channels) for channels in (1, 2)}
    started = time.monotonic()
    rows = []
    for case in CASES:
        if args.only and case.name not in args.only:
            continue
        folder = work / case.name.replace(" ", "")
        row = in_child(case, datasets[case.channels], folder)
        row = {
            "name": case.name,
            "needed": case.needed,
            "n_signal": case.n_signal,
            **row,
            "passed": passed(row),
            "commit": commit(),
        }
        rows.append(row)
        print(json.dumps(row), flush=True)
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)
    result: dict[str, Any] = {
        "versions": versions(),
        "steps": STEPS,
        "phase_1_steps": PHASE_1,
        "capacity": CAPACITY,
        "seconds": round(time.monotonic() - started, 1),
        "configurations": rows,
    }
    if not args.no_write:
        if args.only and RESULTS.exists():
            result = merged(json.loads(RESULTS.read_text(encoding="utf-8")), rows)
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        PAGE.write_text(page(result), encoding="utf-8")
    if not args.keep:
        shutil.rmtree(work, ignore_errors=True)
    return 0 if all(row["passed"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
