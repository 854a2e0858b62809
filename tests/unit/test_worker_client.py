"""The warm worker's server and client against each other, over the real protocol, without torch (see ``warm_stub``)."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from rave_gui.errors import UserError
from rave_gui.paths import AppPaths
from rave_gui.runtime.worker_client import WarmWorker
from rave_protocol import jobfolder
from rave_protocol.files import read_json, write_json
from rave_protocol.locks import is_held
from rave_protocol.specs import JobSpec, VerifyParams

if sys.platform == "win32":
    pytest.skip("The worker forks; on Windows its requests run in a thread.", allow_module_level=True)

STUB = Path(__file__).resolve().parent.parent / "helpers" / "warm_stub.py"


class StubEngine:
    """An engine manager whose interpreter is this one and whose boot script is the stub."""

    def __init__(self, interpreter: str = sys.executable, idle: float = 60.0) -> None:
        self.interpreter = interpreter
        self.idle = idle

    def python(self) -> Path:
        return Path(self.interpreter)

    def boot_command(self, *args: str) -> list[str]:
        return [sys.executable, str(STUB), *args]

    def environment(self) -> dict[str, str]:
        return {**os.environ, "RAVE_GUI_WARM_IDLE": str(self.idle)}


def until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Wait for something that another process does; False when it never came."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def paths(tmp_path: Path) -> AppPaths:
    return AppPaths(tmp_path / "data", tmp_path / "config", tmp_path / "cache")


@pytest.fixture
def worker(paths: AppPaths) -> Iterator[WarmWorker]:
    client = WarmWorker(StubEngine(), paths)
    yield client
    client.stop()
    assert not is_held(paths.warm_worker.with_name("worker.json.lock"))


def endpoint(paths: AppPaths) -> dict[str, Any]:
    return read_json(paths.warm_worker)


def test_starts_on_demand_and_answers_from_a_child(worker: WarmWorker, paths: AppPaths) -> None:
    assert not worker.is_running()
    answer = worker.request("echo", {"text": "größer\nthan a line", "n": [1, 2]})
    parent = endpoint(paths)["pid"]
    assert answer["text"] == "größer\nthan a line"
    assert answer["child"] != parent
    assert worker.is_running()
    assert worker.request("echo", {})["child"] not in (parent, answer["child"])
    assert endpoint(paths)["pid"] == parent, "the same worker must answer again"


def test_endpoint_is_for_its_owner_only(worker: WarmWorker, paths: AppPaths) -> None:
    worker.start()
    assert stat.S_IMODE(paths.warm_worker.stat().st_mode) == 0o600


def test_long_answers_arrive_whole(worker: WarmWorker) -> None:
    text = "ä" * 400_000
    assert worker.request("echo", {"text": text})["text"] == text


def test_errors_keep_code_message_and_hint(worker: WarmWorker) -> None:
    with pytest.raises(UserError) as caught:
        worker.request("refuse", {"n": 1})
    assert (caught.value.code, caught.value.message, caught.value.hint) == (
        "bad-thing",
        "The thing is bad.",
        "Use another thing.",
    )


@pytest.mark.parametrize(("name", "code"), [("SIGKILL", "killed"), ("SIGSEGV", "crashed")])
def test_a_dying_child_is_reported_and_the_worker_lives(worker: WarmWorker, name: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        worker.request("crash", {"signal": name})
    assert caught.value.code == code
    assert worker.request("echo", {"still": "there"})["still"] == "there"


@pytest.mark.parametrize("way", ["cancel", "timeout"])
def test_cancel_and_timeout_end_the_child(worker: WarmWorker, tmp_path: Path, way: str) -> None:
    file = tmp_path / "child.pid"
    worker.start()
    cancel = threading.Event()

    def cancel_once_started() -> None:
        if until(file.exists):
            cancel.set()

    if way == "cancel":
        threading.Thread(target=cancel_once_started, daemon=True).start()
    with pytest.raises(UserError) as caught:
        worker.request("wait", {"file": str(file)}, timeout=30.0 if way == "cancel" else 1.5, cancel=cancel)
    assert caught.value.code == ("cancelled" if way == "cancel" else "timeout")
    assert file.exists(), "the child never started: nothing was cancelled"
    child = int(file.read_text(encoding="ascii"))
    assert until(lambda: not psutil.pid_exists(child)), "the child went on, or stayed a zombie"


def test_cancel_by_id_from_another_request(worker: WarmWorker, paths: AppPaths, tmp_path: Path) -> None:
    worker.start()
    found = endpoint(paths)
    file = tmp_path / "child.pid"
    with socket.create_connection(("127.0.0.1", found["port"])) as connection:
        lines = connection.makefile("rw", encoding="utf-8")
        ask = {"id": "a", "method": "wait", "token": found["token"], "params": {"file": str(file)}}
        lines.write(json.dumps(ask) + "\n")
        lines.flush()
        assert until(file.exists)
        lines.write(
            json.dumps({"id": "b", "method": "cancel", "token": found["token"], "params": {"id": "a"}}) + "\n"
        )
        lines.flush()
        answers = {answer["id"]: answer for answer in (json.loads(lines.readline()) for _ in range(2))}
    assert answers["b"]["result"] == {"found": True}
    assert answers["a"]["error"]["code"] == "cancelled"


def test_several_clients_at_once(worker: WarmWorker, tmp_path: Path) -> None:
    worker.start()
    answers: list[int] = []

    def ask(n: int) -> None:
        answers.append(worker.request("echo", {"n": n})["n"])

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
    assert sorted(answers) == list(range(8))


def test_a_wrong_token_or_garbage_gets_no_answer(worker: WarmWorker, paths: AppPaths) -> None:
    worker.start()
    port = endpoint(paths)["port"]
    for line in (
        b'{"id":"a","method":"ping","token":"wrong"}\n',
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\n",
        b"[]\n",
    ):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(line)
            connection.settimeout(10.0)
            assert connection.recv(100) == b""
    assert worker.is_running()


def test_another_protocol_is_refused_but_may_shut_down(worker: WarmWorker, paths: AppPaths) -> None:
    worker.start()
    found = endpoint(paths)
    with socket.create_connection(("127.0.0.1", found["port"])) as connection:
        lines = connection.makefile("rw", encoding="utf-8")
        for method in ("ping", "shutdown"):
            ask = {"id": method, "method": method, "token": found["token"], "protocol": 999}
            lines.write(json.dumps(ask) + "\n")
            lines.flush()
            answer = json.loads(lines.readline())
            assert (answer["error"] is None) == (method == "shutdown")
    assert until(lambda: not paths.warm_worker.exists())


def test_stale_endpoint_is_replaced(worker: WarmWorker, paths: AppPaths) -> None:
    worker.start()
    first = endpoint(paths)["pid"]
    os.kill(first, signal.SIGKILL)
    assert until(lambda: not is_held(paths.warm_worker.with_name("worker.json.lock")))
    assert paths.warm_worker.exists(), "a killed worker cannot take its announcement back"
    assert not worker.is_running()
    assert worker.request("echo", {"n": 1})["n"] == 1
    assert endpoint(paths)["pid"] != first


@pytest.mark.parametrize("field", ["source", "protocol", "engine"])
def test_a_worker_of_another_version_is_replaced(worker: WarmWorker, paths: AppPaths, field: str) -> None:
    worker.start()
    first = endpoint(paths)
    write_json(paths.warm_worker, {**first, field: 999 if field == "protocol" else "other"})
    assert not worker.is_running()
    assert worker.run_job(paths.data) is None
    worker.start()
    assert endpoint(paths)["pid"] != first["pid"]
    assert until(lambda: not psutil.pid_exists(first["pid"]) or _zombie(first["pid"]))


def test_leaves_when_idle_and_when_its_endpoint_is_gone(paths: AppPaths) -> None:
    client = WarmWorker(StubEngine(idle=0.3), paths)
    client.start()
    first = endpoint(paths)["pid"]
    assert until(lambda: not psutil.pid_exists(first) or _zombie(first))
    assert not paths.warm_worker.exists()
    patient = WarmWorker(StubEngine(), paths)
    patient.start()
    second = endpoint(paths)["pid"]
    paths.warm_worker.unlink()
    assert until(lambda: not psutil.pid_exists(second) or _zombie(second))


def test_a_worker_that_cannot_start_is_explained(paths: AppPaths) -> None:
    class Broken(StubEngine):
        def boot_command(self, *args: str) -> list[str]:
            return [sys.executable, "-c", "print('no module named torch'); raise SystemExit(1)"]

    with pytest.raises(UserError) as caught:
        WarmWorker(Broken(), paths).start()
    assert caught.value.code == "worker-failed"
    assert "no module named torch" in caught.value.details


def test_a_job_is_forked_into_a_session_of_its_own(
    worker: WarmWorker, paths: AppPaths, tmp_path: Path
) -> None:
    folder = tmp_path / "jobs" / "näme with space"
    folder.mkdir(parents=True)
    spec = JobSpec("one", "verify", "A job", VerifyParams("model.ts"), 0.0)
    write_json(folder / jobfolder.SPEC, spec.to_json())
    assert worker.run_job(folder) is None, "no worker is up: the caller starts cold"
    worker.start()
    pid = worker.run_job(folder)
    assert pid is not None
    events = folder / jobfolder.EVENTS
    assert until(lambda: events.exists() and '"finished"' in events.read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    assert lines[0]["type"] == "started"
    assert lines[0]["pid"] == pid
    assert lines[-1]["result"] == {"session": pid, "parent": endpoint(paths)["pid"]}
    assert "working" in (folder / jobfolder.LOG).read_text(encoding="utf-8")
    assert until(lambda: not psutil.pid_exists(pid)), "the worker must reap its jobs"
    assert not is_held(folder / jobfolder.WORK_LOCK)


def test_two_starters_get_one_worker(paths: AppPaths) -> None:
    clients = [WarmWorker(StubEngine(), paths) for _ in range(3)]
    threads = [threading.Thread(target=client.start) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    try:
        assert len({client.request("ping")["pid"] for client in clients}) == 1
    finally:
        clients[0].stop()


def _zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
