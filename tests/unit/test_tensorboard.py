"""TensorBoard's life: started once a folder, found, ended with its owner; a stand-in for it that answers as it does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import jsonschema
import psutil
import pytest

from rave_gui.bootstrap import Services
from rave_gui.cli import tensorboard as commands
from rave_gui.cli.console import Console, guarded
from rave_gui.errors import UserError
from rave_gui.paths import AppPaths
from rave_gui.projects import Project
from rave_gui.training import tensorboard

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = """
import http.server, sys
options = dict(word[2:].split("=", 1) for word in sys.argv[1:])
if options["port"] == "1":
    sys.exit("TensorBoard could not bind to port 1, it was already in use")
if "broken" in options.get("logdir", ""):
    sys.exit("no module named anything")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(repr(options).encode())
    def log_message(self, *args): pass
server = http.server.HTTPServer((options["host"], int(options["port"])), Handler)
print("TensorBoard 2.20.0 at http://127.0.0.1:%d/ (Press CTRL+C to quit)" % server.server_port, file=sys.stderr, flush=True)
server.serve_forever()
"""
OWNER = """
import sys
from pathlib import Path
from tests.unit.test_tensorboard import services_in
from rave_gui.training import tensorboard
home, stand_in, folder = map(Path, sys.argv[1:])
print(tensorboard.start(services_in(home, stand_in), folder).pid)
"""


@dataclass
class Engine:
    """An interpreter with the stand-in for TensorBoard."""

    packages: Path

    def python(self) -> Path:
        return Path(sys.executable)

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.packages)}


def services_in(home: Path, stand_in: Path) -> Services:
    paths = AppPaths(home / "data", home / "config", home / "cache")
    return cast("Services", SimpleNamespace(paths=paths, engine=Engine(stand_in)))


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    package = tmp_path / "packages" / "tensorboard"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "main.py").write_text(STAND_IN, encoding="utf-8")
    return package.parent


@pytest.fixture
def services(tmp_path: Path, stand_in: Path) -> Any:
    made = services_in(tmp_path / "home", stand_in)
    yield made
    tensorboard.stop(made)


def ask(board: tensorboard.Board) -> str:
    with urllib.request.urlopen(board.url, timeout=10) as reply:
        return str(reply.read().decode())


def test_one_for_each_folder_on_this_computer_only(services: Services, tmp_path: Path) -> None:
    one, two = tmp_path / "runs", tmp_path / "other, runs"
    one.mkdir()
    two.mkdir()
    first = tensorboard.start(services, one)
    assert f"'logdir': '{one}'" in ask(first).replace("\\\\", "\\")
    assert "'host': '127.0.0.1'" in ask(first)
    assert first.owned
    assert tensorboard.start(services, [one]) == first
    second = tensorboard.start(services, two, keep=True)
    assert second.port != first.port
    assert [board.pid for board in tensorboard.list_boards(services)] == [first.pid, second.pid]
    assert tensorboard.stop(services, tmp_path) == []
    tensorboard.stop_own(services)
    assert [board.pid for board in tensorboard.list_boards(services)] == [second.pid]
    assert tensorboard.stop(services, two) == [second]
    assert not psutil.pid_exists(second.pid) or psutil.Process(second.pid).status() == psutil.STATUS_ZOMBIE


def test_several_runs_by_their_names(services: Services, tmp_path: Path) -> None:
    runs = [tmp_path / "a" / "drums", tmp_path / "b" / "drums"]
    for run in runs:
        run.mkdir(parents=True)
    board = tensorboard.start(services, runs)
    assert "drums:" in ask(board)
    assert ",drums 2:" in ask(board)
    assert tensorboard.start(services, runs[::-1]).pid == board.pid
    with pytest.raises(UserError, match="comma"):
        tensorboard.start(services, [*runs, _made(tmp_path / "a, b")])


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("name", "port", "code"), [("runs", 1, "port-taken"), ("broken", None, "tensorboard-failed")]
)
def test_what_does_not_start_is_said_and_leaves_nothing(
    services: Services, tmp_path: Path, name: str, port: int | None, code: str
) -> None:
    with pytest.raises(UserError) as caught:
        tensorboard.start(services, _made(tmp_path / name), port=port)
    assert caught.value.code == code
    assert tensorboard.list_boards(services) == []
    with pytest.raises(UserError) as caught:
        tensorboard.start(services, tmp_path / "nowhere")
    assert caught.value.code == "no-folder"


def test_a_number_that_was_given_to_somebody_else_is_not_touched(services: Services, tmp_path: Path) -> None:
    board = tensorboard.start(services, _made(tmp_path / "runs"))
    (record,) = (services.paths.data / "tensorboard").glob("*/board.json")
    known = json.loads(record.read_text(encoding="utf-8"))
    record.write_text(json.dumps({**known, "pid": os.getpid()}), encoding="utf-8")
    assert tensorboard.list_boards(services) == []
    assert not record.exists()
    psutil.Process(board.pid).kill()


def test_it_ends_with_an_owner_that_died(services: Services, tmp_path: Path, stand_in: Path) -> None:
    folder = _made(tmp_path / "runs")
    args = [sys.executable, "-c", OWNER, str(tmp_path / "home"), str(stand_in), str(folder)]
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    done = subprocess.run(
        args, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path}
    )
    pid = int(done.stdout)
    assert psutil.pid_exists(pid)
    assert tensorboard.list_boards(services) == []
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_commands(services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = Project.open(tmp_path / "project", create=True)
    run = project.runs / "drums"
    run.mkdir(parents=True)
    (run / "config.gin").touch()
    project.store.register("run", "drums", run)

    def call(*args: str) -> tuple[int, dict[str, Any]]:
        code = guarded(Console(json=True, _services=services), commands.command, [*args, "--json"])
        data: dict[str, Any] = json.loads(capsys.readouterr().out)
        if code == 0:
            schema = ROOT / "docs/schemas" / f"tensorboard-{args[0]}.json"
            jsonschema.validate(data, json.loads(schema.read_text(encoding="utf-8")))
        return code, data

    where = ("--project", str(project.path))
    assert call("start")[0] == 2
    assert call("stop")[0] == 2
    code, board = call("start", "drums", *where)
    assert (code, board["folders"], board["owner"]) == (0, [str(run)], None)
    assert [item["pid"] for item in call("list")[1]["items"]] == [board["pid"]]
    assert call("start", "nobody", *where)[0] == 3
    assert [item["pid"] for item in call("stop", "drums", *where)[1]["items"]] == [board["pid"]]
    assert call("stop", "--all")[1]["items"] == []
