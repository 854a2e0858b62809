"""The command line without an engine: outputs, exit codes, errors, the shape of every command."""

from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from rave_gui.cli.console import Console, Output, guarded, json_option, wants_json
from rave_gui.cli.follow import ProgressLine, clock, describe
from rave_gui.cli.main import COMMANDS, main, root
from rave_gui.errors import JobError, UserError
from rave_protocol.events import Progress, Stamped, Warned

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "docs" / "schemas"
FOLLOWERS = {"train watch", "jobs log"}
NO_JSON = {"window"}


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RAVE_GUI_ENGINE", raising=False)


def check(text: str, schema: str) -> dict[str, Any]:
    lines = text.splitlines()
    assert len(lines) == 1, text
    value: dict[str, Any] = json.loads(lines[0])
    jsonschema.validate(value, json.loads((SCHEMAS / f"{schema}.json").read_text(encoding="utf-8")))
    return value


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from leaves(found, (*path, name))
    else:
        yield " ".join(path), command


ALL = dict(leaves(root))


@pytest.mark.parametrize("path", ALL)
def test_every_command_has_help_and_json(path: str) -> None:
    command = ALL[path]
    assert command.help, path
    assert command.help.split("\n")[0].strip().endswith((".", ")", "]")) or "\n" in command.help
    options = {option for parameter in command.params for option in parameter.opts}
    assert ("--json" in options) is (path not in NO_JSON)
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name not in (
            "seed",
            "device",
            "channels",
            "randomness",
        ):
            assert parameter.help or isinstance(parameter.type, click.Choice) or parameter.show_default, (
                parameter.name
            )


def test_every_schema_is_a_valid_schema() -> None:
    for path in SCHEMAS.glob("*.json"):
        jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))


def test_every_command_has_a_schema() -> None:
    shared = {
        "jobs pause": "jobs-show",
        "jobs resume": "jobs-show",
        "jobs cancel": "jobs-show",
        "engine install": "engine-status",
        "engine adopt": "engine-status",
        "engine remove": "engine-status",
    }
    for path in set(ALL) - NO_JSON:
        assert (SCHEMAS / f"{shared.get(path, path.replace(' ', '-'))}.json").is_file(), path


def test_help_imports_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    code = "import sys; from rave_gui.cli.main import main; main(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in COMMANDS:
        assert f"  {name} " in done.stdout
    for heavy in ("numpy", "PySide6", "rave_gui.bootstrap", "rave_gui.cli.training", "sqlite3"):
        assert f"'{heavy}'" not in done.stderr


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip().count(".") == 2


@pytest.mark.parametrize(
    "args",
    [
        ["bogus"],
        ["train"],
        ["train", "start"],
        ["train", "start", "--project"],
        ["jobs", "list", "--nonsense"],
        ["train", "start", "--project", "x", "--dataset", "d", "--steps", "none"],
        ["dataset", "create", "--project", "x"],
    ],
)
def test_wrong_usage_exits_2_with_one_object(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*args, "--json"]) == 2
    error = check(capsys.readouterr().out, "error")["error"]
    assert error["code"] == "usage"
    assert error["hint"].startswith("Try: rave-gui")
    assert main(args) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err


def test_buttons_in_hints_are_commands_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    def fails() -> None:
        raise JobError(
            "disk-full", "Full.", "Free some space, then press Retry: it goes on.", job="j1", user=True
        )

    assert guarded(Console(json=True), fails, []) == 3
    hint = check(capsys.readouterr().out, "error")["error"]["hint"]
    assert hint == "Free some space, then run “rave-gui jobs retry j1”: it goes on."


def test_json_is_recognised_only_before_the_end_of_options() -> None:
    assert wants_json(["jobs", "list", "--json"])
    assert not wants_json(["quickstart", "--", "--json"])


def test_what_a_user_can_fix_exits_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs", "list", "--project", str(tmp_path / "none"), "--json"]) == 3
    assert check(capsys.readouterr().out, "error")["error"]["code"] == "project-missing"
    assert main(["jobs", "show", "nothing", "--json"]) == 3
    assert check(capsys.readouterr().out, "error")["error"]["code"] == "no-such-job"
    assert main(["jobs", "show", "nothing"]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Error: There is no job 'nothing'.")


def test_without_an_engine_the_status_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engine", "status", "--json"]) == 0
    status = check(capsys.readouterr().out, "engine-status")
    assert status["ready"] is False
    assert "engine install" in status["hint"]
    assert main(["engine", "status"]) == 0
    assert "not installed" in capsys.readouterr().out


def test_nothing_yet_is_an_empty_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = str(tmp_path / "p")
    assert main(["train", "start", "--project", project, "--dataset", "none", "--json"]) == 3
    assert check(capsys.readouterr().out, "error")["error"]["code"] == "engine-missing"
    assert not Path(project).exists(), "a refused start leaves nothing behind"
    assert main(["project", "create", project, "--json"]) == 0
    capsys.readouterr()
    for command in ("jobs", "train", "dataset", "export"):
        assert main([command, "list", "--project", project, "--json"]) == 0
        assert check(capsys.readouterr().out, f"{command}-list") == {"items": []}
        assert main([command, "list", "--project", project]) == 0
        assert capsys.readouterr().out.startswith("There are no")
    assert main(["tensorboard", "list"]) == 0
    assert capsys.readouterr().out == "No TensorBoard runs.\n"


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="screens are named by variables on Linux only"
)
@pytest.mark.parametrize("args", [[], ["window"]])
def test_without_a_screen_the_window_says_so(
    args: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main(args) == 3
    assert "no screen" in capsys.readouterr().err


def test_presets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "presets", "--json"]) == 0
    assert check(capsys.readouterr().out, "train-presets")["items"][0]["name"] == "tiny"


def end(outcome: object, *args: str) -> tuple[int, str, str]:
    """Run a command that returns or raises ``outcome``."""

    @click.command()
    @json_option
    def command() -> object:
        print("printed by a library")
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    out, err = io.StringIO(), io.StringIO()
    code = guarded(Console("--json" in args, out, err), command, list(args))
    return code, out.getvalue(), err.getvalue()


@pytest.mark.parametrize(
    ("outcome", "code", "name"),
    [
        (UserError("The disk is full.", "Free some space.", code="disk-full"), 3, "disk-full"),
        (JobError("no-audio", "No sound was found.", "Choose others.", user=True), 3, "no-audio"),
        (JobError("bug", "IndexError: 3", "Report it."), 1, "bug"),
        (OSError(28, "No space left on device", "/a/b"), 3, "disk-full"),
        (PermissionError(13, "Permission denied", "/a/b"), 3, "not-writable"),
        (ZeroDivisionError("division by zero"), 1, "bug"),
        (KeyboardInterrupt(), 1, "aborted"),
    ],
)
def test_every_end_is_one_object_and_an_exit_code(
    outcome: BaseException, code: int, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, out, err = end(outcome, "--json")
    assert found == code
    error = check(out, "error")["error"]
    assert error["code"] == name
    assert "printed by a library" in err
    found, out, err = end(outcome)
    assert (found, out) == (code, "")
    assert error["message"] in err
    assert ("Traceback" in err) is (name == "bug" and isinstance(outcome, ZeroDivisionError))


def test_numbers_that_json_does_not_know_are_null() -> None:
    code, out, _ = end(Output({"a": math.nan, "b": [math.inf], "c": Path("/x"), "d": "日本"}), "--json")
    assert code == 0
    assert json.loads(out) == {"a": None, "b": [None], "c": "/x", "d": "日本"}
    assert "日本" in out


@pytest.mark.skipif(sys.platform == "win32", reason="locales are POSIX's")
def test_output_is_utf8_whatever_the_locale(tmp_path: Path) -> None:
    project = tmp_path / "Änne 日本"
    env = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    args = [sys.executable, "-m", "rave_gui.cli.main", "jobs", "list", "--json", "--project", str(project)]
    done = subprocess.run(args, capture_output=True, env=env, check=False)
    assert done.returncode == 3
    assert str(project) in json.loads(done.stdout.decode("utf-8"))["error"]["message"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX paths are bytes")
def test_a_path_that_is_no_text_survives(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/caf\xe9"
    args = [
        sys.executable.encode(),
        b"-m",
        b"rave_gui.cli.main",
        b"jobs",
        b"list",
        b"--json",
        b"--project",
        odd,
    ]
    done = subprocess.run(args, capture_output=True, check=False)
    assert done.returncode == 3, done.stderr
    message = json.loads(done.stdout.decode("utf-8"))["error"]["message"]
    assert odd in os.fsencode(message)


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "rave_gui.cli.main", "train", "presets", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait(30)


def test_clock() -> None:
    assert [clock(0), clock(75), clock(3675)] == ["0:00", "1:15", "1:01:15"]


def test_progress_in_words() -> None:
    text = describe(Progress(1350, 3000, "steps", 68.0, "phase 1", rate=24.06))
    assert text == " 45 %  1,350 of 3,000 steps  phase 1  24.1 steps a second  1:08 left"
    assert describe(Progress(0, 0, message="Loading")) == "Loading"
    installing = Progress(354_658_127, 1_300_000_000, "bytes", 12.0, "packages", rate=76_006_300.0)
    assert describe(installing) == " 27 %  355 of 1,300 MB  packages  76.0 MB a second  0:12 left"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_a_line_at_the_start_for_each_quarter_and_at_the_end() -> None:
    err = io.StringIO()
    line = ProgressLine(Console(False, io.StringIO(), err), "Training")
    for done in range(101):
        line.update(Stamped(0.0, Progress(done, 100, "steps")))
    line.update(Stamped(0.0, Warned("few", "There are few sounds.", "Add more.")))
    line.end()
    assert err.getvalue().splitlines() == [
        "Training …",
        "Training:  25 %  25 of 100 steps",
        "Training:  50 %  50 of 100 steps",
        "Training:  75 %  75 of 100 steps",
        "Note: There are few sounds. Add more.",
        "Training: done (0:00)",
    ]


def test_a_pipe_hears_of_slow_work_from_time_to_time(monkeypatch: pytest.MonkeyPatch) -> None:
    err, now = io.StringIO(), 100.0
    monkeypatch.setattr("rave_gui.cli.follow.time.monotonic", lambda: now)
    line = ProgressLine(Console(False, io.StringIO(), err), "Engine")
    for second in range(25):
        now = 100.0 + second
        line.update(Stamped(0.0, Progress(second, 1000)))
    assert err.getvalue().splitlines() == ["Engine …", "Engine:   1 %", "Engine:   2 %"]


def test_a_terminal_gets_one_line_that_is_redrawn() -> None:
    err = Terminal()
    line = ProgressLine(Console(False, io.StringIO(), err), "Training")
    line.update(Stamped(0.0, Progress(100, 100, "steps")))
    line.end()
    assert "\r" in err.getvalue()
    assert "100 %" in err.getvalue()
    assert err.getvalue().rstrip().split("\r")[-1] == "Training: done (0:00)"
