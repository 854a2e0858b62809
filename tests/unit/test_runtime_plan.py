"""Which torch a machine gets, and what is said about it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rave_gui.errors import UserError
from rave_gui.runtime.environments import COMMON, LOCKS, SOURCE_ONLY, TORCH, Environments
from rave_gui.runtime.machine import Machine, Nvidia, parse_smi
from rave_gui.runtime.plan import TorchChoice, plan_torch

CARD = Nvidia(["NVIDIA H200"], "590.44.01", ["9.0"])
LINUX = Machine("linux", "x86_64", "glibc 2.36")
LINUX_CARD = Machine("linux", "x86_64", "glibc 2.36", CARD)
WINDOWS = Machine("win32", "x86_64")
WINDOWS_CARD = Machine("win32", "x86_64", nvidia=CARD)
MAC = Machine("darwin", "arm64")


@pytest.mark.parametrize(
    ("machine", "choice", "expected"),
    [
        (LINUX, "auto", [("cpu", "cpu", None), ("cpu", "cpu", "cpu"), ("cuda", "pypi", None)]),
        (LINUX, "cpu", [("cpu", "cpu", None), ("cpu", "cpu", "cpu")]),
        (LINUX, "cuda", [("cuda", "pypi", None)]),
        (LINUX_CARD, "auto", [("cuda", "pypi", None)]),
        (LINUX_CARD, "cpu", [("cpu", "cpu", None), ("cpu", "cpu", "cpu")]),
        (WINDOWS, "auto", [("cpu", "pypi", None)]),
        (
            WINDOWS_CARD,
            "auto",
            [("cuda", "windows-cuda", None), ("cuda", "windows-cuda", "cu130"), ("cpu", "pypi", None)],
        ),
        (WINDOWS_CARD, "cuda", [("cuda", "windows-cuda", None), ("cuda", "windows-cuda", "cu130")]),
        (WINDOWS_CARD, "cpu", [("cpu", "pypi", None)]),
        (MAC, "auto", [("mps", "pypi", None)]),
    ],
)
def test_the_build_and_its_sources(
    machine: Machine, choice: TorchChoice, expected: list[tuple[str, str, str | None]]
) -> None:
    plan = plan_torch(machine, choice)
    assert [(s.build, s.lock, s.pytorch_index) for s in plan.sources] == expected


def test_another_accelerator_than_wanted_is_never_taken_silently() -> None:
    for machine in (LINUX, LINUX_CARD, WINDOWS, WINDOWS_CARD):
        for choice in ("auto", "cpu", "cuda"):
            plan = plan_torch(machine, choice)
            wanted = plan.sources[0].build
            for source in plan.sources:
                assert source.build == wanted or source.notice
            if choice != "auto":
                assert {source.build for source in plan.sources} == {choice}


@pytest.mark.parametrize(
    ("machine", "choice", "code"),
    [
        (Machine("darwin", "x86_64"), "auto", "intel-mac"),
        (MAC, "cuda", "no-cuda"),
        (Machine("linux", "x86_64", ""), "auto", "no-wheels"),
        (Machine("linux", "x86_64", "glibc 2.17"), "auto", "no-wheels"),
        (Machine("linux", "riscv64", "glibc 2.39"), "auto", "no-wheels"),
        (Machine("win32", "arm64"), "auto", "no-wheels"),
    ],
)
def test_machines_without_any_torch_are_told_before_anything_is_tried(
    machine: Machine, choice: TorchChoice, code: str
) -> None:
    with pytest.raises(UserError) as caught:
        plan_torch(machine, choice)
    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize(
    ("card", "word"),
    [
        (Nvidia(["GTX 1080"], "590.1", ["6.1"]), "GTX 1080"),
        (Nvidia(["RTX 3060"], "535.1", ["8.6"]), "driver"),
    ],
)
def test_a_card_or_driver_too_old_for_cuda_13_gets_the_processor_build_and_a_word(
    card: Nvidia, word: str
) -> None:
    plan = plan_torch(Machine("linux", "x86_64", "glibc 2.36", card), "auto")
    assert plan.sources[0].build == "cpu"
    assert word in plan.notices[0]
    asked = plan_torch(Machine("linux", "x86_64", "glibc 2.36", card), "cuda")
    assert asked.sources[0].build == "cuda"
    assert word in asked.notices[0]


def test_nvidia_smi_is_read_line_by_line() -> None:
    found = parse_smi("NVIDIA H200, 590.44.01, 9.0\nNVIDIA RTX A2000, 590.44.01, 8.6\n")
    assert found == Nvidia(["NVIDIA H200", "NVIDIA RTX A2000"], "590.44.01", ["9.0", "8.6"])
    assert parse_smi("No devices were found\n") is None


def requirements(name: str) -> dict[str, str]:
    """Name to whole block of a lock file."""
    blocks = re.split(r"\n(?=[a-z])", (LOCKS / name).read_text(encoding="utf-8"))
    return {block.split("==")[0]: block for block in blocks if "==" in block}


def test_every_requirement_is_exact_and_has_its_hash() -> None:
    for name in (COMMON, SOURCE_ONLY, TORCH["cpu"], TORCH["pypi"]):
        found = requirements(name)
        assert found
        for block in found.values():
            assert re.match(r"[a-z0-9-]+==\S+", block)
            assert "--hash=sha256:" in block, block


def test_the_pins_that_the_engine_is_built_on() -> None:
    common = requirements(COMMON)
    assert common["acids-rave"].startswith("acids-rave==2.3.1")
    assert common["torchaudio"].startswith("torchaudio==2.11.0")
    assert int(common["setuptools"].split("==")[1].split(".")[0]) < 81
    assert "torch" not in common
    versions = {requirements(name)["torch"].split()[0].split("+")[0] for name in TORCH.values()}
    assert versions == {"torch==2.13.0"}
    assert not any(name.startswith("nvidia-") for name in common)


def test_the_hash_of_an_environment_changes_with_build_and_lock(tmp_path: Path) -> None:
    environments = Environments(tmp_path)
    keys = {environments.key(build, lock) for build in ("cpu", "cuda") for lock in TORCH.values()}
    assert len(keys) == 2 * len(TORCH)
    assert environments.is_current(environments.key("cpu", TORCH["cpu"]), "cpu")
    assert not environments.is_current("0123456789ab", "cpu")
