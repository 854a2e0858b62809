"""Job folders that processes left behind: reconciling, copies, other computers, damage; and the registry."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers.jobs import Home, gone, kill, make_folder, open_home, until

from rave_gui.errors import UserError
from rave_gui.jobs.dispatcher import Dispatcher
from rave_gui.jobs.folder import JobFolder, create
from rave_gui.jobs.reader import EventReader
from rave_gui.jobs.reconcile import MAX_ATTEMPTS, reconcile
from rave_gui.jobs.registry import Registry
from rave_gui.jobs.retry import retry_params
from rave_gui.jobs.runner import Runner, Timers
from rave_gui.jobs.state import LIVE, JobState, State
from rave_gui.jobs.watch import Watch
from rave_gui.jobs.worker import main as work
from rave_gui.paths import AppPaths
from rave_gui.viewmodels.jobs import can
from rave_protocol import events, jobfolder
from rave_protocol.commands import Command
from rave_protocol.files import append_line, read_json, write_json
from rave_protocol.locks import OsLock, machine_id
from rave_protocol.specs import DatasetParams, TrainParams
from rave_protocol.wholeness import newest_whole
from rave_protocol.work import NOT_MINE


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    with open_home(tmp_path, monkeypatch) as home:
        yield home


def say(folder: JobFolder, *items: events.Event) -> None:
    for item in items:
        append_line(folder.events, events.to_json(item, time.time()))


@pytest.mark.parametrize("state", sorted(LIVE))
def test_nobody_there_and_no_end_is_interrupted(tmp_path: Path, state: State) -> None:
    folder = make_folder(tmp_path, JobState(state=state, attempts=1, machine=machine_id()))
    say(folder, events.Started(1), events.Progress(3, 4))
    folder.log.write_text("line\nthe last line\n", encoding="utf-8")
    found = reconcile(folder)
    assert found.state == folder.read_state().state == "interrupted"
    assert found.progress is not None
    assert found.error is not None
    assert found.error["details"] == "line\nthe last line"


def test_an_end_that_no_runner_saw_counts(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, JobState(state="running"))
    say(folder, events.Started(1), events.Finished({"path": "p"}))
    assert reconcile(folder).state == "succeeded"
    assert folder.read_state().result == {"path": "p"}


def test_a_runner_that_died_before_the_work_puts_the_job_back(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, JobState(state="starting", attempts=1))
    assert reconcile(folder).state == "queued"
    given_up = make_folder(tmp_path / "b", JobState(state="starting", attempts=MAX_ATTEMPTS))
    assert reconcile(given_up).state == "interrupted"


def test_a_cancel_nobody_lived_to_obey_is_obeyed(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, JobState(state="running"))
    say(folder, events.Started(1))
    append_line(folder.commands, Command("cancel"))
    assert reconcile(folder).state == "cancelled"


@pytest.mark.parametrize("lock", [jobfolder.RUNNER_LOCK, jobfolder.WORK_LOCK])
def test_whoever_holds_a_lock_is_believed(tmp_path: Path, lock: str) -> None:
    folder = make_folder(tmp_path, JobState(state="running"))
    say(folder, events.Started(1))
    with OsLock(folder.path / lock):
        assert reconcile(folder).state == "running"
    assert reconcile(folder).state == "interrupted"


def test_a_job_of_another_computer_is_shown_and_left_alone(home: Home) -> None:
    project = home.root / "shared"
    folder = make_folder(project / "jobs", JobState(state="running", host="studio", machine="another"))
    before = (folder.path / jobfolder.STATE).read_bytes()
    view = home.jobs.list(project)[0]
    assert (view.state, view.host) == ("running", "studio")
    for call in (home.jobs.cancel, home.jobs.pause, home.jobs.remove):
        with pytest.raises(UserError, match="studio"):
            call(view.id, project)
    assert (folder.path / jobfolder.STATE).read_bytes() == before
    assert home.dispatcher() is None


def test_work_that_comes_up_after_the_job_was_given_up_leaves(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, JobState(state="interrupted"))
    assert work([str(folder.path)]) == NOT_MINE
    assert not folder.events.exists()


def test_a_job_is_worked_on_once(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, JobState(state="running"))
    say(folder, events.Started(1))
    size = folder.events.stat().st_size
    assert work([str(folder.path)]) == NOT_MINE
    assert folder.events.stat().st_size == size


def test_a_spec_of_another_version_fails_with_words(home: Home) -> None:
    folder = make_folder(home.paths.jobs, JobState(machine=machine_id()))
    spec = folder.path / jobfolder.SPEC
    spec.write_text(
        spec.read_text(encoding="utf-8").replace('"protocol": 1', '"protocol": 99'), encoding="utf-8"
    )
    view = home.jobs.wait(folder.id, timeout=60)
    assert view.state == "failed"
    assert view.error is not None
    assert view.error["code"] == "protocol"
    assert view.title == "Fake"
    with pytest.raises(UserError, match="cannot be read"):
        home.jobs.retry(view.id)


def test_a_job_of_our_own_folder_runs_when_the_registry_was_lost(home: Home) -> None:
    folder = make_folder(home.paths.jobs, JobState(machine=machine_id()))
    assert home.jobs.list()[0].state == "queued"
    assert home.jobs.wait(folder.id, timeout=60).state == "succeeded"


@pytest.mark.parametrize("state", ["queued", "starting"])
def test_a_project_that_was_received_starts_nothing_by_itself(home: Home, state: State) -> None:
    project = home.root / "received"
    folder = make_folder(project / "jobs", JobState(state=state))
    view = home.jobs.get(folder.id, project)  # the first look says it already
    assert view.state == "interrupted"
    assert home.jobs.list(project) == [view]
    assert "Retry" in view.reason
    assert not folder.events.exists()
    again = home.jobs.retry(view.id, project)
    assert home.jobs.wait(again.id, timeout=60).state == "succeeded"


def test_a_received_job_of_another_protocol_version_failed_and_offers_no_retry(home: Home) -> None:
    project = home.root / "received"
    folder = make_folder(project / "jobs", JobState())
    spec = read_json(folder.path / jobfolder.SPEC)
    write_json(folder.path / jobfolder.SPEC, {**spec, "protocol": 99})
    view = home.jobs.list(project)[0]
    assert view.state == "failed"
    assert view.error is not None
    assert (view.error["code"], "99" in view.error["message"]) == ("protocol", True)
    assert view.error["hint"]
    assert "retry" not in f"{view.reason}{view.error}".lower()
    with pytest.raises(UserError) as caught:
        home.jobs.retry(view.id, project)
    assert caught.value.code == "protocol"
    assert not can(view, "retry")
    assert can(view, "remove")


def test_waiting_for_a_job_that_is_removed_meanwhile_ends(home: Home) -> None:
    folder = make_folder(home.paths.jobs, JobState(machine=machine_id()))
    looks = Watch(home.jobs, folder.id).looks()
    next(looks)
    shutil.rmtree(folder.path)
    with pytest.raises(UserError) as caught:
        list(looks)
    assert caught.value.code == "no-such-job"


def test_what_a_received_job_trusts_is_not_trusted_on_retry(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rave_protocol.specs import JobSpec

    monkeypatch.setattr(home.jobs._starter, "ensure", lambda: None)
    project = home.root / "received"
    params = TrainParams("set", str(project / "runs" / "r"), "r", trusted=["/x/evil.gin"], device="cpu")
    create(
        project / "jobs", JobSpec("theirs", "train", "T", params, 1.0, str(project)), JobState("interrupted")
    )
    assert home.jobs.retry("theirs", project).params["trusted"] == []
    own = home.jobs.submit("train", params, project=project, title="Own")
    home.jobs.cancel(own.id)
    assert home.jobs.retry(own.id, project).params["trusted"] == ["/x/evil.gin"]


def test_a_moved_project_keeps_its_queue(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as quiet:
        quiet.setattr(home.jobs._starter, "ensure", lambda: None)
        job = home.fake("quick", project=home.root / "old")
    (home.root / "old").rename(home.root / "new")
    assert home.jobs.list(home.root / "new")[0].state == "queued"
    view = home.jobs.wait(job.id, timeout=60)
    assert (view.state, view.project) == ("succeeded", home.root / "new")


def test_a_copied_project_does_not_run_its_jobs_twice(home: Home) -> None:
    folder = make_folder(home.root / "project" / "jobs", JobState(machine=machine_id()))
    Registry(home.paths.registry).add(folder.id, folder.path, "train:nowhere")
    copy = make_folder(home.root / "copy" / "jobs", JobState(machine=machine_id()))
    home.jobs.list(home.root / "copy")
    assert copy.read_state().state == "interrupted"
    assert str(folder.path) in copy.read_state().reason


def test_torn_and_foreign_lines_are_counted_and_never_stop_the_reader(tmp_path: Path) -> None:
    reader = EventReader(tmp_path)
    path = tmp_path / jobfolder.EVENTS
    assert reader.read() == []
    path.write_bytes(b'{"type":"star')
    assert reader.read() == []
    append_line(path, events.to_json(events.Progress(1, 2), 5.0))
    with path.open("ab") as file:
        file.write(
            b'[1]\n{"type":"dance","time":1}\n\xff\xfe\n{"type":"progress","time":2,"done":"x","total":1}\n'
        )
    append_line(path, events.to_json(events.Progress(2, 2), 6.0))
    assert [(s.time, s.event) for s in reader.read()] == [
        (5.0, events.Progress(1, 2)),
        (6.0, events.Progress(2, 2)),
    ]
    assert reader.skipped == 5
    assert reader.read() == []


def test_a_half_made_job_never_shows(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rave_gui.jobs.folder.replace_file", _refuse)
    with pytest.raises(UserError) as caught:
        home.fake("quick")
    assert caught.value.code == "disk-full"
    assert list(home.paths.jobs.iterdir()) == []
    assert home.jobs.list() == []


def _refuse(aside: Path, path: Path) -> None:
    raise OSError(28, "No space left on device", str(path))


def test_a_project_that_cannot_hold_jobs_is_refused(home: Home) -> None:
    blocked = home.root / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    with pytest.raises(UserError, match="cannot be written") as caught:
        home.fake("quick", project=blocked)
    assert caught.value.code == "not-writable"


def test_ids_sort_by_time_and_prefixes_must_be_unique(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home.jobs._starter, "ensure", lambda: None)
    ids = [home.fake("quick").id for _ in range(20)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 20
    with pytest.raises(UserError, match="Several jobs") as caught:
        home.jobs.get(ids[0][:8])
    assert caught.value.code == "ambiguous-job"
    for wrong in ("", "nothing", "../registry.db", ids[0] + "x", "."):
        with pytest.raises(UserError) as caught:
            home.jobs.get(wrong)
        assert caught.value.code == "no-such-job"


def test_one_device_trains_one_job_and_unknown_devices_train_alone() -> None:
    from collections import Counter

    free = Dispatcher._free
    assert free("train:cpu", Counter({"train:cuda:0": 1, "light": 2}))
    assert not free("train:cuda:0", Counter({"train:cuda:0": 1}))
    assert not free("train:auto", Counter({"train:cpu": 1}))
    assert not free("train:cpu", Counter({"train:auto": 1}))
    assert free("light", Counter({"light": 1, "train:cpu": 1}))
    assert not free("light", Counter({"light": 2}))


def test_two_dispatchers_never_run(home: Home) -> None:
    job = home.fake("told")
    home.reach(job.id, "running")
    first = home.dispatcher()
    assert first is not None
    assert Dispatcher(home.paths, idle=0.0).run() == 0
    assert home.dispatcher() == first


def test_an_idle_dispatcher_leaves_and_takes_a_job_registered_meanwhile(home: Home) -> None:
    thread = threading.Thread(target=Dispatcher(home.paths, idle=0.3, poll=0.02).run)
    thread.start()
    until(lambda: home.dispatcher() == os.getpid(), "the dispatcher serves")
    assert home.jobs.wait(home.fake("quick").id, timeout=60).state == "succeeded"
    thread.join(timeout=60)
    assert not thread.is_alive()
    assert Registry(home.paths.registry).pending() == []
    assert home.dispatcher() is None


def test_a_vanished_folder_is_forgotten(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry(home.paths.registry)
    registry.add("gone", home.root / "gone", "light")
    dispatcher = Dispatcher(home.paths)
    assert dispatcher.step() is True  # it may just be coming
    assert registry.all() != []
    monkeypatch.setattr("rave_gui.jobs.dispatcher.MISSING_SECONDS", 0.0)
    assert dispatcher.step() is False
    assert registry.all() == []


def test_a_runner_that_cannot_live_is_given_up(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder(home.paths.jobs, JobState(attempts=MAX_ATTEMPTS, machine=machine_id()))
    registry = Registry(home.paths.registry)
    registry.add(folder.id, folder.path, "light")
    Dispatcher(home.paths).step()
    state = folder.read_state()
    assert state.state == "failed"
    assert state.error is not None
    assert state.error["code"] == "runner"


def test_work_that_ignores_everything_is_ended_by_force_with_its_children(home: Home) -> None:
    params = DatasetParams(["deaf"], str(home.root / "set"))
    from rave_protocol.specs import JobSpec

    folder = create(
        home.paths.jobs, JobSpec("deaf", "dataset", "Deaf", params, 1.0), JobState(machine=machine_id())
    )
    runner = Runner(folder.path, home.paths, Timers(terminate=0.3, kill=0.3))
    thread = threading.Thread(target=runner.run)
    thread.start()
    reader, seen = EventReader(folder.path), list[events.Event]()

    def logged() -> bool:
        seen.extend(s.event for s in reader.read() if isinstance(s.event, events.Log))
        return bool(seen)

    until(logged, "the work says its child")
    worker = folder.read_state().pids["engine"] or home.worker(home.jobs.get("deaf"))
    append_line(folder.commands, Command("cancel"))
    thread.join(timeout=60)
    assert not thread.is_alive()
    state = folder.read_state()
    assert (state.state, state.reason) == ("cancelled", "It did not answer and was ended by force.")
    assert worker is not None
    assert isinstance(seen[0], events.Log)
    child = int(seen[0].text.split()[1])
    until(lambda: gone(worker) and gone(child), "both are gone")


def test_a_full_disk_does_not_end_the_supervision(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from rave_protocol.specs import JobSpec

    params = DatasetParams(["quick"], str(home.root / "set"))
    folder = create(
        home.paths.jobs, JobSpec("full", "dataset", "Full", params, 1.0), JobState(machine=machine_id())
    )
    refusals = iter([True] * 4)
    real = JobFolder.write_state

    def flaky(self: JobFolder, state: JobState) -> None:
        if next(refusals, False):
            raise OSError(28, "No space left on device")
        real(self, state)

    monkeypatch.setattr(JobFolder, "write_state", flaky)
    Runner(folder.path, home.paths).run()
    assert folder.read_state().state == "succeeded"


def test_a_retry_of_a_training_goes_on_from_its_furthest_whole_checkpoint(tmp_path: Path) -> None:
    import zipfile

    run = tmp_path / "run"
    params = TrainParams(str(tmp_path / "set"), str(run), "name", max_steps=100)
    assert retry_params(params) == params
    for version, name in ((0, "best"), (0, "step_00000090"), (1, "step_00000120")):
        folder = run / f"version_{version}" / "checkpoints"
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(folder / f"{name}.ckpt", "w") as file:
            file.writestr("data.pkl", "x")
    assert newest_whole(run).path == run / "version_1" / "checkpoints" / "step_00000120.ckpt"
    (run / "version_1" / "checkpoints" / "step_00000150.ckpt").write_bytes(b"half a file")
    again = retry_params(params)
    assert isinstance(again, TrainParams)
    assert again.resume == str(run / "version_1" / "checkpoints" / "step_00000120.ckpt")
    assert again.max_steps == 100
    assert isinstance(retry_params(DatasetParams([], "x")), DatasetParams)


def test_a_broken_registry_is_set_aside_and_healed(home: Home) -> None:
    folder = make_folder(home.paths.jobs, JobState(machine=machine_id()))
    home.paths.registry.write_bytes(b"this is no database at all, and long enough to be looked at" * 40)
    assert [view.id for view in home.jobs.list()] == [folder.id]
    assert home.jobs.wait(folder.id, timeout=60).state == "succeeded"
    assert list(home.paths.data.glob("registry.db.broken-*"))


def test_a_newer_registry_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "registry.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(UserError, match="newer RAVE GUI") as caught:
        Registry(tmp_path / "registry.db").pending()
    assert caught.value.code == "newer-registry"


def test_paths_that_no_variable_can_express_are_refused(tmp_path: Path) -> None:
    from rave_gui.jobs.launch import app_environment

    with pytest.raises(ValueError, match="RAVE_GUI_HOME"):
        app_environment(AppPaths(tmp_path / "a", tmp_path / "b", tmp_path / "c"))
    given = AppPaths(tmp_path / "x" / "data", tmp_path / "x" / "config", tmp_path / "x" / "cache")
    assert app_environment(given)["RAVE_GUI_HOME"] == str(tmp_path / "x")


def test_locks_die_with_their_process_and_not_with_its_forks(tmp_path: Path) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    import subprocess
    import sys

    code = (
        "import os,sys,time\nfrom pathlib import Path\nfrom rave_protocol.locks import OsLock\n"
        "lock = OsLock(Path(sys.argv[1])); assert lock.acquire()\n"
        "pid = os.fork()\n"
        "if pid == 0:\n    time.sleep(600)\n"
        "print(pid, flush=True); time.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "x.lock")], stdout=subprocess.PIPE)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    lock = OsLock(tmp_path / "x.lock")
    assert not lock.acquire()
    process.kill()
    process.wait()
    process.stdout.close()
    try:
        assert lock.acquire(timeout=5.0), "the forked child kept the lock"
    finally:
        kill(child)
    assert read_json(tmp_path / "x.lock")["pid"] == os.getpid()
