"""Damaged recordings, and kills at random moments: what making a dataset does about them, with figures.

    python tools/dataset_campaign.py damage --engine ENGINE_PYTHON [--count 1000]
    python tools/dataset_campaign.py kill [--count 100]

``damage`` makes recordings in six formats and damages them in every way of :data:`DAMAGE`, lets the application make one dataset of
all of them and of some sound ones, and gives the same files, one kind of damage at a time, to upstream's ``rave preprocess`` with a
limit of time. A fault of ours is a crash, a hang, a sound recording that is not in the dataset whole, or a damaged one of which
something is missing without being reported.

``kill`` ends builds and additions with SIGKILL, and cancels builds, at random moments of time and of what is stored, looks at what is left, and goes on. A fault is
anything at the dataset's place that is not whole, and a dataset that differs from one made without a kill.

Both write ``benchmarks/results/dataset_{damage,kills}.json``; exit code 1 when there was a fault. POSIX only.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import soundfile

if sys.platform == "win32":
    sys.exit("This campaign needs signals and pipes of a Unix system.")

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "src")]

import record  # noqa: E402
from rave_gui.datasets.read import Dataset  # noqa: E402
from rave_gui.datasets.sidecar import FILE_NAME, Sidecar  # noqa: E402
from rave_protocol import jobfolder  # noqa: E402
from rave_protocol.commands import Command  # noqa: E402
from rave_protocol.files import append_line  # noqa: E402

RATE = 44100
NUM_SIGNAL = 2048
KINDS = ("wav", "flac", "ogg", "mp3", "aiff", "m4a")
UPSTREAM_PATIENCE = 45.0
"""Upstream counts as hung when its line of progress has not changed for so many seconds; the files of one kind of damage take it less
than five from start to end when they are sound."""
OURS_LIMIT = 900.0


def tone(seconds: float, seed: int) -> np.ndarray:
    """Float [samples, 1]: a few partials and noise."""
    draw = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE)) / RATE
    sound = sum(0.15 * np.sin(2 * np.pi * draw.uniform(80, 4000) * t) for _ in range(3))
    mixed: np.ndarray = (sound + draw.normal(0, 0.02, t.size))[:, None]
    return mixed


def write(path: Path, sound: np.ndarray) -> None:
    """A recording in the format of the path's ending."""
    if path.suffix != ".m4a":
        soundfile.write(path, sound, RATE)
        return
    import av

    with av.open(str(path), "w", format="ipod") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(sound.T.astype(np.float32), "fltp", "mono")
        frame.sample_rate = RATE
        fifo = av.AudioFifo()
        fifo.write(frame)
        while part := fifo.read(1024, partial=True):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


# --- damage -----------------------------------------------------------------------------------------------------------


def _flipped(data: bytes, draw: random.Random, low: int, high: int) -> bytes:
    block = bytearray(data)
    for _ in range(draw.randrange(1, 60)):
        block[draw.randrange(low, min(high, len(block)))] ^= 1 << draw.randrange(8)
    return bytes(block)


def _huge(data: bytes, draw: random.Random) -> bytes:
    """Fields of the header that claim the utmost."""
    block = bytearray(data)
    at = draw.randrange(4, 44)
    block[at : at + 4] = b"\xff\xff\xff\xff"
    return bytes(block)


def _link_loop(path: Path, _: random.Random) -> None:
    path.unlink()
    path.symlink_to(path.name)


def _dangling(path: Path, _: random.Random) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def _fifo(path: Path, _: random.Random) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path, _: random.Random) -> None:
    path.unlink()
    path.mkdir()


def _wrong_ending(path: Path, draw: random.Random) -> None:
    other = draw.choice([kind for kind in KINDS if kind != path.suffix[1:]])
    path.rename(path.with_name(f"{path.stem} was {path.suffix[1:]}.{other}"))


def _content(change: Callable[[bytes, random.Random], bytes]) -> Callable[[Path, random.Random], None]:
    def damage(path: Path, draw: random.Random) -> None:
        path.write_bytes(change(path.read_bytes(), draw))

    return damage


DAMAGE: dict[str, Callable[[Path, random.Random], None]] = {
    "truncated": _content(lambda data, draw: data[: draw.randrange(1, len(data))]),
    "truncated header": _content(lambda data, draw: data[: draw.randrange(1, 60)]),
    "start missing": _content(lambda data, draw: data[draw.randrange(1, len(data) // 2) :]),
    "bits flipped": _content(lambda data, draw: _flipped(data, draw, 0, len(data))),
    "bits of the header flipped": _content(lambda data, draw: _flipped(data, draw, 0, 200)),
    "huge values in the header": _content(_huge),
    "hole of zeros": _content(
        lambda data, _: data[: len(data) // 3] + bytes(len(data) // 3) + data[len(data) // 3 * 2 :]
    ),
    "noise instead": _content(lambda data, draw: draw.randbytes(len(data))),
    "text": _content(lambda _, draw: ("No sound at all.\n" * draw.randrange(1, 400)).encode()),
    "empty": _content(lambda *_: b""),
    "wrong ending": _wrong_ending,
    "link to itself": _link_loop,
    "link to nowhere": _dangling,
    "pipe": _fifo,
    "folder": _folder,
    "not allowed": lambda path, _: path.chmod(0),
}


def damage_campaign(options: argparse.Namespace, root: Path) -> dict[str, Any]:
    """Make, damage, build, compare."""
    draw = random.Random(options.seed)
    folder = root / "in"
    whole = folder / "sound ones"
    whole.mkdir(parents=True)
    for number in range(30):
        write(whole / f"{number}.{KINDS[number % len(KINDS)]}", tone(1.0 + number % 3 * 0.3, number))
    lengths: dict[str, float] = {}
    for number in range(options.count):
        kind = list(DAMAGE)[number % len(DAMAGE)]
        where = folder / kind
        where.mkdir(exist_ok=True)
        ending = KINDS[number // len(DAMAGE) % len(KINDS)]
        seconds = draw.uniform(0.5, 1.5)
        path = where / f"{number:04d}.{ending}"
        write(path, tone(seconds, number))
        before = set(where.iterdir())
        DAMAGE[kind](path, draw)
        made = path if path.is_symlink() or path.exists() else next(iter(set(where.iterdir()) - before))
        lengths[str(made)] = seconds
    ours = build_damaged(folder, root / "ours", lengths)
    print(json.dumps(ours, indent=2), file=sys.stderr, flush=True)
    upstream = {}
    if options.engine:
        for kind in [*DAMAGE, "sound ones"]:
            upstream[kind] = upstream_on(options.engine, folder / kind, root / "upstream")
            print(f"upstream, {kind}: {upstream[kind]['outcome']}", file=sys.stderr, flush=True)
    return {"files": options.count, "seed": options.seed, "ours": ours, "upstream": upstream}


def _like_anybody() -> list[str]:
    """What to put before a command so that it may read no more than its files' rights say, although the superuser runs it."""
    if os.geteuid() or shutil.which("setpriv") is None:
        return []
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]


def build_damaged(folder: Path, work: Path, lengths: dict[str, float]) -> dict[str, Any]:
    """One dataset of everything; what is reported of every damaged file."""
    (work / "job").mkdir(parents=True)
    started = time.monotonic()
    process = subprocess.Popen(
        [*_like_anybody(), sys.executable, str(Path(__file__).resolve()), "--build", str(folder), str(work / "out"), str(work / "job")],
        stdout=subprocess.PIPE, text=True, start_new_session=True, cwd=work,
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=OURS_LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return {"outcome": "hung", "faults": ["hung"]}
    elapsed = time.monotonic() - started
    if process.returncode:
        return {"outcome": f"exit {process.returncode}", "faults": ["crashed"]}
    result = json.loads(output)
    reported = {problem["path"]: problem["code"] for problem in result["problems"]}
    faults = []
    kinds: dict[str, Counter[str]] = {}
    with Dataset(work / "out") as dataset:
        faults += [f"dataset: {finding}" for finding in dataset.check() if finding]
        decoded = {row.path: row.seconds for row in dataset.files()}
    for path, seconds in lengths.items():
        kind = Path(path).parent.name
        counted = kinds.setdefault(kind, Counter())
        if path in reported:
            counted[f"reported: {reported[path]}"] += 1
        elif decoded.get(path, 0.0) >= seconds - 0.03:
            counted["decoded to its full length"] += 1
        elif kind == "start missing" and path.endswith(".mp3") and path in decoded:
            counted["shorter, which nothing in it tells"] += 1  # the rest of an mp3 is an mp3
        elif kind == "folder" and Path(path).is_dir():
            counted["a folder without sound"] += 1
        else:
            counted["something missing, not reported"] += 1
            faults.append(f"{path}: {decoded.get(path)} of {seconds:.2f} s, not reported")
    for sound in (folder / "sound ones").iterdir():
        if str(sound) in reported or str(sound) not in decoded:
            faults.append(f"{sound.name} is sound and was not used")
    return {
        "outcome": "done", "seconds": round(elapsed, 1), "chunks": result["chunks"], "faults": faults,
        "kinds": {kind: dict(counted.most_common()) for kind, counted in kinds.items()},
    }  # fmt: skip


def upstream_on(engine: str, source: Path, work: Path) -> dict[str, Any]:
    """``rave preprocess`` on the files of one kind of damage."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    program = str(Path(engine).with_name("rave"))
    command = [*_like_anybody(), program, "preprocess", "--input_path", str(source), "--output_path", str(work / "out"),
               "--num_signal", str(NUM_SIGNAL), "--channels", "1"]  # fmt: skip
    log = work / "log"
    environment = {**os.environ, "HOME": str(work), "NUMBA_CACHE_DIR": str(work), "MPLCONFIGDIR": str(work)}
    started = time.monotonic()
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL, start_new_session=True, cwd=work,
            env=environment,
        )  # fmt: skip
        outcome = ""
        while not outcome:
            try:
                code = process.wait(1.0)
                outcome = "done" if code == 0 else f"exit {code}"
            except subprocess.TimeoutExpired:
                quiet = time.time() - log.stat().st_mtime
                if quiet > UPSTREAM_PATIENCE:
                    outcome = f"hung: nothing for {UPSTREAM_PATIENCE:.0f} s"
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    chunks = None
    if (work / "out" / "data.mdb").is_file():
        with (
            contextlib.suppress(lmdb.Error),
            lmdb.open(str(work / "out"), readonly=True, lock=False) as environment_,
        ):
            chunks = environment_.stat()["entries"]
    text = log.read_text(encoding="utf-8", errors="replace")
    named = sum(path.name in text for path in source.iterdir())
    last = [line for line in text.replace("\r", "\n").splitlines() if line.strip()][-1:]
    return {
        "files": sum(1 for _ in source.iterdir()), "outcome": outcome, "seconds": round(time.monotonic() - started, 1),
        "chunks": chunks, "whole": (work / "out" / "metadata.yaml").is_file(), "files_named_in_its_output": named,
        "last_line": last[0][-200:].replace(str(work), "…") if last else "",
    }  # fmt: skip


# --- kill -------------------------------------------------------------------------------------------------------------


def fingerprint(dataset: Path) -> str:
    """Of every record's key and bytes, and of what the sidecar says of every chunk. Raises when something is not whole."""
    state = hashlib.sha256()
    with Dataset(dataset) as opened:
        findings = [finding for finding in opened.check() if finding]
        if findings:
            raise ValueError(f"{findings[:3]}")
        for index in range(len(opened)):
            state.update(repr(opened.origins(index)).encode())
    with (
        lmdb.open(str(dataset), readonly=True, lock=False) as environment,
        environment.begin() as transaction,
    ):
        for key, value in transaction.cursor():
            state.update(key + value)
    return state.hexdigest()


def _reached(path: Path, size: float) -> bool:
    """Whether a file is there and has so many bytes."""
    try:
        return path.stat().st_size >= size
    except OSError:
        return False


class Kills:
    """Sources, what comes of them undisturbed, and the rounds."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.draw = random.Random(seed)
        self.first, self.second = root / "first", root / "second"
        for folder, base in ((self.first, 0), (self.second, 100)):
            folder.mkdir()
            for number in range(24):
                write(folder / f"{number:02d}.{('wav', 'flac', 'ogg')[number % 3]}", tone(0.7, base + number))
            write(folder / "10 long.flac", tone(60.0, base + 50))
        self.seconds = {}
        started = time.monotonic()
        self._finish("build", self.first, root / "reference")
        self.seconds["build"] = time.monotonic() - started
        self.built = fingerprint(root / "reference")
        shutil.copytree(root / "reference", root / "grown")
        started = time.monotonic()
        self._finish("append", self.second, root / "grown")
        self.seconds["append"] = time.monotonic() - started
        self.grown = fingerprint(root / "grown")
        self.size = {
            "build": (root / "reference" / "data.mdb").stat().st_size,
            "append": (root / "grown" / "data.mdb").stat().st_size,
        }

    def _start(self, what: str, source: Path, output: Path, job: Path) -> subprocess.Popen[bytes]:
        job.mkdir(exist_ok=True)
        return subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), f"--{what}", str(source), str(output), str(job)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def _finish(self, what: str, source: Path, output: Path) -> None:
        job = self.root / f"job {time.monotonic_ns()}"
        if self._start(what, source, output, job).wait(300):
            raise ValueError(f"{what} failed: {(job / jobfolder.EVENTS).read_text()[-500:]}")

    def round(self, number: int) -> dict[str, Any]:
        """One kill or cancel; what was left, and what came of it afterwards."""
        what = ("build", "append", "build", "cancel", "append")[number % 5]
        place = self.root / f"round {number}"
        place.mkdir()
        output, job = place / "d", place / "job"
        source = self.second if what == "append" else self.first
        if what == "append":
            shutil.copytree(self.root / "reference", output)
        worker = "append" if what == "append" else "build"
        moment = self.draw.uniform(0.0, 1.1 * self.seconds[worker])
        faults: list[str] = []
        process = self._start(worker, source, output, job)
        if number % 2:
            time.sleep(moment)
        else:  # when so much is stored
            aside = (
                output.with_name(f".{output.name}.{'appending' if what == 'append' else 'building'}")
                / "data.mdb"
            )
            share = self.draw.random()
            while process.poll() is None and not _reached(aside, share * self.size[worker]):
                time.sleep(0.005)
            moment = share
        ended = process.poll() is not None
        if what == "cancel":
            append_line(job / jobfolder.COMMANDS, Command("cancel"))
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                faults.append("cancel was not obeyed within a minute")
        elif self.draw.random() < 0.5:
            process.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        left = self._left(what, output, faults)
        stored = self._stored(place)
        try:
            if what == "append" or not output.exists():
                self._finish(worker, source, output)
            if fingerprint(output) != (self.grown if what == "append" else self.built):
                faults.append("the dataset differs from one made without a kill")
        except (ValueError, OSError) as error:
            faults.append(f"afterwards: {error}")
        if rest := sorted(entry.name for entry in place.iterdir() if entry.name.startswith(".")):
            faults.append(f"left behind: {rest}")
        if not faults:
            shutil.rmtree(place)
        unit = "s" if number % 2 else "of the bytes stored"
        return {"number": number, "what": what, "moment": round(moment, 3), "unit": unit, "ended_before": ended, "left": left,
                "chunks_kept": stored, "faults": faults}  # fmt: skip

    def _left(self, what: str, output: Path, faults: list[str]) -> str:
        """What lies at the dataset's place after the kill."""
        try:
            if what == "append" and not output.exists():
                # Between two renames: the next look at the dataset puts it back.
                from rave_gui.datasets.swap import recover

                recover(output)
            if not output.exists():
                if what == "append":
                    faults.append("the dataset is gone")
                if what == "cancel" and (output.with_name(f".{output.name}.building")).exists():
                    faults.append("a cancelled build was left behind")
                return "nothing"
            found = fingerprint(output)
        except (ValueError, OSError) as error:
            faults.append(f"half a dataset: {error}")
            return "broken"
        if found == self.grown and what == "append":
            return "the new dataset"
        if found == self.built:
            return "the old dataset" if what == "append" else "the dataset"
        faults.append("a dataset that is neither the old nor the new one")
        return "another dataset"

    @staticmethod
    def _stored(place: Path) -> int:
        """Chunks for which an unfinished build's journal vouches."""
        for name in (".d.building", ".d.appending"):
            path = place / name / FILE_NAME
            if path.is_file():
                with contextlib.suppress(Exception), closing(Sidecar(path, read_only=True)) as sidecar:
                    return int(sidecar.get("boundary", "0"))
        return 0


def kill_campaign(options: argparse.Namespace, root: Path) -> dict[str, Any]:
    """All rounds."""
    kills = Kills(root, options.seed)
    rounds = []
    for number in range(options.count):
        rounds.append(kills.round(number))
        print(json.dumps(rounds[-1]), file=sys.stderr, flush=True)
    left: dict[str, Counter[str]] = {}
    for one in rounds:
        left.setdefault(one["what"], Counter())[one["left"]] += 1
    return {
        "rounds": len(rounds), "seed": options.seed, "faults": [one for one in rounds if one["faults"]],
        "left": {what: dict(counted.most_common()) for what, counted in left.items()},
        "rounds_ended_before_the_kill": sum(one["ended_before"] for one in rounds),
        "rounds_that_went_on_with_stored_chunks": sum(one["chunks_kept"] > 0 for one in rounds),
        "seconds_undisturbed": {name: round(value, 2) for name, value in kills.seconds.items()},
        "detail": [{key: one[key] for key in ("what", "moment", "unit", "left", "chunks_kept")} for one in rounds],
    }  # fmt: skip


# --- the processes ----------------------------------------------------------------------------------------------------


def work(what: str, source: str, output: str, job: str) -> None:
    """What the working process of a job does."""
    from rave_gui.datasets import append, build, intake
    from rave_protocol.specs import DatasetAppendParams, DatasetParams
    from rave_protocol.work import Cancelled, WorkContext

    context = WorkContext(Path(job))
    try:
        if what == "--append":
            result = append.run(DatasetAppendParams(output, [source]), context)
        else:
            if "first" in source:
                intake.COMMIT_SECONDS = (
                    0.1  # these builds are short: otherwise none would have anything to go on with
                )
            result = build.run(DatasetParams([source], output, NUM_SIGNAL), context)
    except Cancelled:
        return
    print(json.dumps(result))


@contextlib.contextmanager
def workplace(chosen: Path | None) -> Iterator[Path]:
    """A folder that everybody may enter, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="campaign-", dir=chosen) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def main() -> int:
    """Run a campaign, write its figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("campaign", choices=["damage", "kill"])
    parser.add_argument("--count", type=int)
    parser.add_argument("--engine", help="interpreter of an environment with acids-rave")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="folder for the files [default: a temporary one]")
    options = parser.parse_args()
    options.count = options.count or {"damage": 1000, "kill": 100}[options.campaign]
    with workplace(options.work) as root:
        run = {"damage": damage_campaign, "kill": kill_campaign}[options.campaign]
        figures = run(options, root)
    about: dict[str, Any] = {"application": record.versions(sys.executable, "av", "lmdb", "numpy")}
    if options.engine:
        about["engine"] = record.versions(options.engine, "acids-rave")
    print(
        record.write(
            {"damage": "dataset_damage", "kill": "dataset_kills"}[options.campaign], figures, **about
        )
    )
    faults = figures["faults"] if options.campaign == "kill" else figures["ours"]["faults"]
    print(json.dumps(faults, indent=2))
    return 1 if faults else 0


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in ("--build", "--append"):
        work(*sys.argv[1:5])
    else:
        sys.exit(main())
