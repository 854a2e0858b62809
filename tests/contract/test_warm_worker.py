"""The warm worker with the real engine: started as the application starts it, asked over its socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from random_runs import make_run
from tiny import make_dataset, plucks

ROOT = Path(__file__).resolve().parent.parent.parent
BOOT = ROOT / "src" / "rave_engine" / "boot.py"

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(sys.platform == "win32", reason="on Windows requests run in a thread: unverified"),
]


class Worker:
    """A worker process and a way to ask it."""

    def __init__(self, process: subprocess.Popen[bytes], endpoint: dict[str, Any]) -> None:
        self.process = process
        self.endpoint = endpoint

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The whole reply to one request."""
        with socket.create_connection(("127.0.0.1", self.endpoint["port"]), timeout=120.0) as connection:
            ask = {"id": "1", "method": method, "token": self.endpoint["token"], "params": params}
            connection.sendall(json.dumps(ask).encode() + b"\n")
            reply: dict[str, Any] = json.loads(connection.makefile("rb").readline())
        return reply

    def result(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a request that must succeed."""
        reply = self.ask(method, **params)
        assert reply["error"] is None, reply["error"]
        result: dict[str, Any] = reply["result"]
        return result


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    folder = tmp_path_factory.mktemp("warm")
    endpoint = folder / "worker.json"
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(BOOT), "worker", str(endpoint)],
            stdout=log,
            stderr=log,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    deadline = time.monotonic() + 120.0
    while not endpoint.exists():
        assert process.poll() is None, (folder / "worker.log").read_text(encoding="utf-8")
        assert time.monotonic() < deadline, "the worker never announced itself"
        time.sleep(0.05)
    found = Worker(process, json.loads(endpoint.read_text(encoding="utf-8")))
    yield found
    found.result("shutdown")
    assert process.wait(30.0) == 0
    assert not endpoint.exists()


@pytest.mark.parametrize(
    ("configs", "expected"),
    [
        (
            ["v1"],
            {"ratio": 2048, "latent_size": 128, "phase_1_steps": 1_000_000, "encoder": "VariationalEncoder"},
        ),
        (["v2_small"], {"ratio": 512, "sample_rate": 44100}),
        (["discrete"], {"ratio": 1024, "phase_1_steps": 200_000, "encoder": "DiscreteEncoder"}),
    ],
)
def test_validate_says_what_a_configuration_comes_to(
    worker: Worker, configs: list[str], expected: dict[str, Any]
) -> None:
    result = worker.result("validate", configs=configs, overrides=["CAPACITY = 8"])
    assert {key: result[key] for key in expected} == expected
    parts = result["parameters_by_part"]
    assert result["parameters"] == sum(parts.values()) > 0
    assert all(parts.values())


def test_requests_do_not_touch_each_other(worker: Worker) -> None:
    """gin's bindings are global: without a process for each request the first stack would show in the second."""
    small = worker.result("validate", configs=["v2_small"], overrides=["CAPACITY = 8", "LATENT_SIZE = 16"])
    stock = worker.result("validate", configs=["v2_small"])
    assert small["latent_size"] == 16
    assert stock["latent_size"] == 128
    assert small["parameters"] < stock["parameters"]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"configs": ["no-such-thing"]}, "config-missing"),
        ({"configs": ["spherical"]}, "config-invalid"),
        ({"configs": ["v1"], "overrides": ["NO_SUCH_SETTING = 1"]}, "unknown-override"),
        ({"configs": ["v1"], "n_signal": 100_000}, "bad-n-signal"),
        ({"configs": ["v1"], "channels": 0}, "wrong-channels"),
        ({"configs": ["v1"], "surprise": 1}, "protocol"),
    ],
)
def test_a_wrong_configuration_is_explained(worker: Worker, params: dict[str, Any], code: str) -> None:
    error = worker.ask("validate", **params)["error"]
    assert error["code"] == code
    assert error["message"].endswith(".")


def test_a_file_is_rendered_at_once_and_a_source_is_never_written_over(
    worker: Worker, tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run", "v1")
    source, output = tmp_path / "played ü.wav", tmp_path / "rendered.wav"
    soundfile.write(source, plucks(44100, seed=3).T, 44100)
    before = source.read_bytes()
    result = worker.result("render", checkpoint=str(run), source=str(source), output=str(output))
    assert result["path"] == str(output)
    audio, rate = soundfile.read(output)
    assert (rate, len(audio)) == (44100, 44100)
    assert 0 < abs(audio).max() < float("inf")
    error = worker.ask("render", checkpoint=str(run), source=str(source), output=str(source))["error"]
    assert error["message"].endswith(".")
    assert source.read_bytes() == before


def test_memory_grows_with_batch_and_at_phase_two(worker: Worker) -> None:
    one = worker.result("estimate", configs=["v1"], overrides=["CAPACITY = 16"], n_signal=65536, batch=1)
    four = worker.result("estimate", configs=["v1"], overrides=["CAPACITY = 16"], n_signal=65536, batch=4)
    assert one["weights"] < one["model"] < one["phase_1"] < one["phase_2"]
    assert four["weights"] == one["weights"]
    assert four["phase_2"] > one["phase_2"]
    grown = four["phase_2"] - one["phase_2"]
    assert grown == pytest.approx(3 * (one["phase_2"] - one["model"]), rel=0.5)


def test_the_parent_stays_fit_to_fork(worker: Worker) -> None:
    """No thread, no CUDA, nothing computed in the parent, whatever its children did."""
    facts = worker.result("ping")
    assert facts["fork"]
    if facts["threads"] is not None:
        assert facts["threads"] <= facts["threads_at_start"]


def test_a_job_is_forked_and_ends_like_any_other(worker: Worker, tmp_path: Path) -> None:
    pid = fork_training(worker, tmp_path)
    events = tmp_path / "events.jsonl"
    wait_for(lambda: events.exists() and '"failed"' in events.read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    assert (lines[0]["type"], lines[0]["pid"]) == ("started", pid)
    assert lines[-1]["type"] == "failed"
    assert lines[-1]["user"], lines[-1]


def test_the_log_of_a_killed_job_says_what_ended_it(worker: Worker, tmp_path: Path) -> None:
    pid = fork_training(worker, tmp_path, dataset=make_dataset(tmp_path / "dataset", chunks=4))
    wait_for((tmp_path / "run").exists)
    os.kill(pid, signal.Signals["SIGKILL"])
    wait_for(lambda: "SIGKILL" in (tmp_path / "log.txt").read_text(encoding="utf-8"))
    assert pid not in worker.result("ping")["jobs"]


def wait_for(condition: Callable[[], bool]) -> None:
    """Return as soon as it holds."""
    deadline = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def fork_training(worker: Worker, folder: Path, dataset: Path | None = None) -> int:
    """A training as a forked job, endless, or (without a dataset) one that cannot start; its pid."""
    spec = {
        "id": "one",
        "kind": "train",
        "title": "A training",
        "params": {
            "dataset": str(dataset or folder / "nothing"),
            "run": str(folder / "run"),
            "name": "n",
            "configs": ["v1"],
            "overrides": ["CAPACITY = 2"],
            "n_signal": 32768,
            "batch": 1,
            "channels": 1,
        },
        "created": 0.0,
        "protocol": 1,
    }
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    pid: int = worker.result("run_job", folder=str(folder))["pid"]
    return pid
