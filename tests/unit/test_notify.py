"""Being told: a webhook and a mail server on this computer, a keyring in memory, trainings that go wrong."""

from __future__ import annotations

import email.policy
import http.server
import io
import json
import socketserver
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import jsonschema
import keyring
import keyring.backend
import keyring.backends.fail
import keyring.errors
import numpy as np
import pytest
import soundfile
from tests.helpers.jobs import Home, open_home, until

from rave_gui.cli.main import main
from rave_gui.errors import UserError
from rave_gui.jobs import folder as jobfolders
from rave_gui.jobs.herald import Herald
from rave_gui.jobs.state import JobState
from rave_gui.paths import AppPaths
from rave_gui.settings import Settings
from rave_gui.training import gauges, heralding, notify
from rave_gui.training.heralding import Notifier
from rave_gui.training.notify import Message
from rave_protocol import events
from rave_protocol.specs import JobSpec, TrainParams

ROOT = Path(__file__).resolve().parents[2]


class Memory(keyring.backend.KeyringBackend):
    """A keyring that forgets at the end of the test."""

    priority = 1.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    before = keyring.get_keyring()
    made = Memory()
    keyring.set_keyring(made)
    for name in notify.SECRETS:
        monkeypatch.delenv(f"RAVE_GUI_SECRET_{name.upper().replace('-', '_')}", raising=False)
    yield made
    keyring.set_keyring(before)


class Hook:
    """A webhook that keeps what it gets; ``answers`` are its next status codes."""

    def __init__(self) -> None:
        hook = self
        self.got: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.answers: list[int] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.append((dict(self.headers), json.loads(body)))
                code = hook.answers.pop(0) if hook.answers else 200
                self.send_response(code)
                if code == 302:
                    self.send_header("Location", hook.url)
                self.end_headers()
                self.wfile.write(b"no" if code >= 400 else b"")

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Mail(socketserver.StreamRequestHandler):
    """As much of a mail server as a letter needs."""

    def handle(self) -> None:
        server: Any = self.server
        self.say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            server.lines.append(line)
            if word == "EHLO":
                self.say("250-here", "250 AUTH PLAIN")
            elif word == "AUTH":
                self.say("235 fine" if server.welcome else "535 who are you")
            elif word == "DATA":
                self.say("354 go on")
                letter = io.StringIO()
                while (text := self.rfile.readline().decode()) != ".\r\n":
                    letter.write(text)
                server.letters.append(letter.getvalue())
                self.say("250 taken")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def say(self, *lines: str) -> None:
        for line in lines:
            self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def mail() -> Iterator[Any]:
    server: Any = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
    server.daemon_threads = True
    server.lines, server.letters, server.welcome = [], [], True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def paths(tmp_path: Path) -> AppPaths:
    return AppPaths(tmp_path / "data", tmp_path / "config", tmp_path / "cache")


@pytest.fixture
def settings(paths: AppPaths) -> Settings:
    return Settings.load(paths.config / "settings.json")


MESSAGE = Message(
    "alert", "drums: hot\r\nBcc: all@x", "It is hot – 95 °C.", "kit", "drums", "j", "running", 12, 90
)


def test_a_webhook_gets_json_that_chats_understand_and_the_token(settings: Settings, hook: Hook) -> None:
    settings.set("notify_webhook", hook.url)
    assert notify.ways(settings) == ["webhook"]
    notify.set_secret("webhook-token", "s3cret")
    notify.send(settings, MESSAGE, "webhook")
    ((headers, body),) = hook.got
    assert headers["Authorization"] == "Bearer s3cret"
    assert headers["Content-Type"].startswith("application/json")
    assert (body["event"], body["run"], body["step"], body["max_steps"]) == ("alert", "drums", 12, 90)
    assert body["text"] == body["content"]
    assert "95 °C" in body["text"]
    assert "s3cret" not in settings.path.read_text(encoding="utf-8")


def test_an_address_that_is_a_secret_comes_from_the_keyring(settings: Settings, hook: Hook) -> None:
    settings.set("notify_webhook", "keyring")
    with pytest.raises(UserError) as caught:
        notify.test(settings, "webhook")
    assert caught.value.code == "bad-notification"
    notify.set_secret("webhook-address", hook.url)
    notify.test(settings, "webhook")
    assert hook.got[0][1]["event"] == "test"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("ftp://127.0.0.1/x", "bad-notification"),
        ("not an address", "bad-notification"),
        ("http://example.invalid/x", "bad-notification"),  # a token without encryption
        ("http://127.0.0.1:1/", "notification-failed"),
    ],
)
def test_what_cannot_be_sent_is_said(settings: Settings, address: str, code: str) -> None:
    notify.set_secret("webhook-token", "s3cret")
    settings.set("notify_webhook", address)
    with pytest.raises(UserError) as caught:
        notify.send(settings, MESSAGE, "webhook")
    assert caught.value.code == code
    assert "s3cret" not in f"{caught.value.message} {caught.value.details}"


def test_a_redirect_is_not_followed_and_a_refusal_is_told(settings: Settings, hook: Hook) -> None:
    settings.set("notify_webhook", hook.url)
    for answer in (302, 500):
        hook.answers = [answer]
        with pytest.raises(UserError, match=str(answer)):
            notify.send(settings, MESSAGE, "webhook")
    assert len(hook.got) == 2


def test_an_email_is_one_letter_without_foreign_headers(settings: Settings, mail: Any) -> None:
    settings.set("notify_email", "me@example.org, you@example.org")
    settings.set("notify_smtp_host", "127.0.0.1")
    settings.set("notify_smtp_port", mail.server_address[1])
    settings.set("notify_smtp_security", "none")
    settings.set("notify_smtp_user", "me@example.org")
    notify.set_secret("smtp-password", "pass word")
    notify.send(settings, MESSAGE, "email")
    letter = message_from_bytes(mail.letters[0].encode(), policy=email.policy.default)
    assert letter["Subject"] == "drums: hot Bcc: all@x"
    assert letter["Bcc"] is None
    assert letter["To"] == "me@example.org, you@example.org"
    assert "95 °C" in letter.get_body().get_content()  # type: ignore[union-attr]
    assert [line for line in mail.lines if line.startswith("rcpt")] == [
        "rcpt TO:<me@example.org>",
        "rcpt TO:<you@example.org>",
    ]
    mail.welcome = False
    with pytest.raises(UserError, match="password") as caught:
        notify.send(settings, MESSAGE, "email")
    assert caught.value.code == "notification-failed"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("notify_smtp_host", ""),
        ("notify_email", "nobody"),
        ("notify_from", "a@b\nBcc: c@d"),
        ("notify_smtp_host", "mail.example.invalid"),  # a password without encryption
    ],
)
def test_an_email_that_cannot_be_sent_is_said_before_anything_is_asked(
    settings: Settings, key: str, value: str
) -> None:
    for name, text in (("email", "me@example.org"), ("smtp_host", "127.0.0.1"), ("smtp_user", "me")):
        settings.set(f"notify_{name}", text)
    settings.set("notify_smtp_security", "none")
    settings.set("notify_from", "me@example.org")
    settings.set(key, value)
    with pytest.raises(UserError) as caught:
        notify.send(settings, MESSAGE, "email")
    assert caught.value.code == "bad-notification"


def test_without_a_keyring_the_environment_helps(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    with pytest.raises(UserError) as caught:
        notify.set_secret("smtp-password", "x")
    assert caught.value.code == "no-keyring"
    assert not notify.has_secret("smtp-password")
    monkeypatch.setenv("RAVE_GUI_SECRET_SMTP_PASSWORD", "given")
    assert notify.secret("smtp-password") == "given"


# --- trainings


def training(parent: Path, state: JobState, *told: events.Event, ago: float = 0.0) -> Path:
    """A training's job folder with these events, the last of them ``ago`` seconds old."""
    params = TrainParams("/d", str(parent / "runs" / "drums"), "drums", max_steps=1000)
    spec = JobSpec("20260101-000000-000-aaaa", "train", "Train drums", params, 1.0, str(parent))
    jobs = parent / "jobs"
    jobs.mkdir(parents=True, exist_ok=True)
    made = jobfolders.create(jobs, spec, state)
    lines = [json.dumps(events.to_json(event, time.time() - ago)) for event in told]
    made.events.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return made.path


RUNNING: list[events.Event] = [
    events.Started(1),
    events.Metric(90, {"fullband_spectral_distance": 9.0}),
    events.Progress(100, 1000, "steps", rate=5.0, phase="phase 1"),
]


def test_an_alert_of_a_running_training_is_told_once(
    paths: AppPaths, settings: Settings, hook: Hook, tmp_path: Path
) -> None:
    job = training(tmp_path / "kit", JobState(state="running"), *RUNNING, ago=1000.0)
    notifier = Notifier(paths, waits=())
    assert notifier.look([job]) == 0  # nobody wants to be told
    settings.set("notify_webhook", hook.url)
    assert [notifier.look([job]) for _ in range(4)] == [0, 1, 0, 0]
    body = hook.got[0][1]
    assert (body["event"], body["code"], body["run"], body["project"], body["step"]) == (
        "alert",
        "no-progress",
        "drums",
        "kit",
        100,
    )
    later = Notifier(paths, waits=())  # another dispatcher
    assert [later.look([job]) for _ in range(3)] == [0, 0, 0]


def test_ends_are_told_once_and_as_the_user_wants(
    paths: AppPaths, settings: Settings, hook: Hook, tmp_path: Path
) -> None:
    settings.set("notify_webhook", hook.url)
    done = JobState(state="succeeded", result={"step": 1000, "validation": 7.25})
    failed = JobState(
        state="failed", error={"code": "out-of-memory", "message": "Memory ran out.", "hint": "Less."}
    )
    for name, state, texts in (
        ("a", done, ("drums is trained", "7.25")),
        ("b", failed, ("drums failed", "Memory ran out. Less.")),
        ("c", JobState(state="interrupted", reason="The computer was off."), ("interrupted", "was off")),
    ):
        job = training(tmp_path / name, state, *RUNNING)
        notifier = Notifier(paths, waits=())
        assert [notifier.ended(job), notifier.ended(job)] == [1, 0]
        assert all(text in hook.got[-1][1]["text"] for text in texts)
    assert Notifier(paths).ended(training(tmp_path / "d", JobState(state="cancelled"))) == 0
    settings.set("notify_about", "problems")
    assert Notifier(paths).ended(training(tmp_path / "e", done)) == 0
    assert Notifier(paths).ended(training(tmp_path / "f", failed)) == 1


def test_a_network_that_comes_back_is_tried_again(
    paths: AppPaths, settings: Settings, hook: Hook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.set("notify_webhook", hook.url)
    hook.answers = [503, 503]
    assert Notifier(paths, waits=(0.0, 0.0)).ended(training(tmp_path / "a", JobState(state="succeeded"))) == 1
    assert len(hook.got) == 3
    hook.answers = [503] * 3
    assert Notifier(paths, waits=(0.0, 0.0)).ended(training(tmp_path / "b", JobState(state="succeeded"))) == 0
    last = heralding.last(paths)
    assert last is not None
    assert "503" in last["problem"]
    assert "503" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("CAPACITY = 1\nPHASE_1_DURATION = 1000\n", 1000.0),
        ("model.RAVE.phase_1_duration = 200_000", 200_000.0),
        ("model.RAVE.phase_1_duration = %PHASE_1_DURATION\nPHASE_1_DURATION = 5", 5.0),
        ("nothing", None),
    ],
)
def test_where_phase_2_begins(tmp_path: Path, text: str, step: float | None) -> None:
    (tmp_path / "config.gin").write_text(text, encoding="utf-8")
    assert heralding.phase_two_at(tmp_path) == step


def test_a_model_that_fell_silent_and_a_hot_card_are_told(
    paths: AppPaths, settings: Settings, hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.set("notify_webhook", hook.url)
    job = training(
        tmp_path / "kit", JobState(state="running"), *RUNNING, events.Progress(1500, 9000, "steps")
    )
    previews = tmp_path / "kit" / "runs" / "drums" / "version_0" / "previews"
    previews.mkdir(parents=True)
    for kind, loud in (("original", 0.3), ("reconstruction", 1e-4)):
        soundfile.write(previews / f"step_00000100_{kind}.wav", np.full(1000, loud, np.float32), 44100)
    monkeypatch.setattr(
        gauges, "cards", lambda: gauges.parse("61, 2000, 24000\n96, [N/A], 24000\nnonsense\n")
    )
    notifier = Notifier(paths, waits=())
    assert [notifier.look([job]), notifier.look([job]), notifier.look([job])] == [1, 1, 0]
    assert [body["code"] for _, body in hook.got] == ["hot", "silent"]  # danger shows at once
    assert "70 dB" in hook.got[1][1]["text"]


class Recorder:
    """Stands in for the notifier and waits to be let go."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def look(self, running: Any) -> int:
        self.seen.append(list(running))
        return 0

    def ended(self, path: Path) -> int:
        self.seen.append(path)
        return 0


def test_the_herald_works_in_a_thread_of_its_own_and_only_when_somebody_wants(
    paths: AppPaths, settings: Settings
) -> None:
    recorder = Recorder()
    herald = Herald(paths, lambda _paths: recorder, every=0.01)
    herald.see([Path("a")])
    herald.ended(Path("a"))
    assert recorder.seen == []
    settings.set("notify_email", "me@example.org")

    def looked() -> bool:
        herald.see([Path("a")])
        return [Path("a")] in recorder.seen

    until(looked, "a look")
    herald.ended(Path("b"))
    herald.close()
    assert Path("b") in recorder.seen
    assert Path("a") not in recorder.seen


def test_the_end_of_a_real_job_is_told_by_the_dispatcher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: Hook
) -> None:
    monkeypatch.delenv("RAVE_GUI_ENGINE", raising=False)
    # The dispatcher is a process of its own: it has the system's keyring, where it has any.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    with open_home(tmp_path, monkeypatch) as home:
        Settings.load(home.paths.config / "settings.json").set("notify_webhook", hook.url)
        assert _train(home).state == "failed"
        until(lambda: bool(hook.got), "the message")
    body = hook.got[0][1]
    assert (body["event"], body["state"], body["code"], body["run"]) == (
        "failed",
        "failed",
        "engine-missing",
        "drums",
    )


def _train(home: Home) -> Any:
    params = TrainParams("/d", str(home.root / "drums"), "drums")
    return home.jobs.wait(home.jobs.submit("train", params, project=None, title="Train").id, timeout=60)


def test_commands(
    paths: AppPaths,
    hook: Hook,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path))
    monkeypatch.setattr("sys.stdin", io.StringIO("s3cret\n"))

    def call(*args: str) -> tuple[int, dict[str, Any]]:
        code = main(["notify", *args, "--json"])
        data: dict[str, Any] = json.loads(capsys.readouterr().out)
        if code == 0:
            schema = ROOT / "docs/schemas" / f"notify-{args[0]}.json"
            jsonschema.validate(data, json.loads(schema.read_text(encoding="utf-8")))
        return code, data

    assert call("status")[1]["ways"] == []
    assert call("test", "webhook")[1]["error"]["code"] == "bad-notification"
    assert call("set", "--webhook", hook.url, "--about", "problems")[1]["ways"] == ["webhook"]
    assert call("secret", "webhook-token") == (0, {"name": "webhook-token", "known": True})
    assert call("test", "webhook") == (0, {"way": "webhook", "sent": True})
    assert hook.got[0][0]["Authorization"] == "Bearer s3cret"
    status = call("status")[1]
    assert status["secrets"]["webhook-token"] is True
    assert "s3cret" not in json.dumps(status)
    assert main(["notify", "status"]) == 0
    assert "s3cret" not in capsys.readouterr().out
    assert call("secret", "webhook-token", "--forget")[1]["known"] is False
