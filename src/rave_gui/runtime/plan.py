"""Which torch this machine should have, where it can come from, and what has to be said about that. Pure decisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.runtime.machine import Machine, Nvidia

TorchChoice = Literal["auto", "cpu", "cuda"]

CPU_BYTES = 1_300_000_000
CUDA_BYTES = 6_800_000_000
"""Size of a finished environment, measured on Linux (torch 2.13.0 for the processor; 2.8 with CUDA)."""

CUDA_DRIVER = 580
"""Oldest driver series for CUDA 13, which torch's pinned CUDA build is made for.
Source: https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/ (driver versions)."""
CUDA_COMPUTE = 7.5
"""CUDA 13 dropped cards before Turing. Source: the same release notes."""


@dataclass(frozen=True)
class TorchSource:
    """One way to get torch."""

    build: Literal["cpu", "cuda", "mps"]
    lock: Literal["cpu", "pypi", "windows-cuda"]
    """Key of the lock file."""
    pytorch_index: str | None = None
    """Name of PyTorch's own index (``cpu``, ``cu130``), or None for what the user's sources (PyPI) have."""
    origin: str = ""
    """In words."""
    notice: str = ""
    """What the user must know when this one is taken."""

    @property
    def size(self) -> int:
        """Bytes of the finished environment."""
        return CUDA_BYTES if self.lock != "cpu" and self.build == "cuda" else CPU_BYTES


@dataclass(frozen=True)
class TorchPlan:
    """Ways to get torch, best first; the first that can be reached is taken."""

    sources: list[TorchSource]
    refusal: UserError | None = None
    """Raised when none can be reached (None: a plain message about the network)."""
    notices: list[str] = field(default_factory=list)


def plan_torch(machine: Machine, choice: TorchChoice) -> TorchPlan:
    """Decide for a machine. Raises :class:`UserError` where no torch can be had at all or the choice cannot be kept."""
    if machine.system == "darwin":
        return _mac(machine, choice)
    if machine.system == "win32":
        return _windows(machine, choice)
    return _linux(machine, choice)


def _mac(machine: Machine, choice: TorchChoice) -> TorchPlan:
    if machine.arch != "arm64":
        raise UserError(
            tr(
                "PyTorch is no longer made for Macs with an Intel processor, so the engine cannot be installed "
                "here."
            ),
            tr(
                "Use a Mac with an Apple processor, or a computer with Linux or Windows. An older environment "
                "of your own with Python 3.11 and RAVE can be tried with: rave-gui engine adopt FOLDER."
            ),
            code="intel-mac",
        )
    if choice == "cuda":
        raise UserError(
            tr("There is no CUDA on a Mac."),
            tr("Use --torch auto: it uses the Mac's own GPU (MPS)."),
            code="no-cuda",
        )
    return TorchPlan([TorchSource("mps", "pypi", origin="the package index")])


def _windows(machine: Machine, choice: TorchChoice) -> TorchPlan:
    if machine.arch != "x86_64":
        raise UserError(
            tr("The engine's packages are not made for Windows on {arch}.", arch=machine.arch),
            tr("Use a computer with an Intel or AMD processor."),
            code="no-wheels",
        )
    wanted, notices = _accelerator(machine, choice)
    plain = TorchSource("cpu", "pypi", origin="the package index")
    if wanted == "cpu":
        return TorchPlan([plain], notices=notices)
    cuda = [
        TorchSource("cuda", "windows-cuda", origin="your own package sources"),
        TorchSource("cuda", "windows-cuda", "cu130", origin="PyTorch's index"),
    ]
    if choice == "cuda":
        return TorchPlan(cuda, _no_cuda_on_windows(), notices)
    notice = (
        "PyTorch's own index cannot be reached, and the other package index has only the build for the processor: the NVIDIA card "
        "will not be used. Run rave-gui engine install --torch cuda when that index can be reached."
    )
    return TorchPlan(
        [*cuda, TorchSource("cpu", "pypi", origin="the package index", notice=notice)], notices=notices
    )


def _no_cuda_on_windows() -> UserError:
    return UserError(
        tr("The CUDA build of torch comes from PyTorch's own index, which cannot be reached."),
        tr("Allow download.pytorch.org in the network's firewall, or use --torch cpu."),
        code="no-cuda-source",
    )


def _linux(machine: Machine, choice: TorchChoice) -> TorchPlan:
    if not machine.libc:
        raise UserError(
            tr(
                "This Linux has no GNU C library (Alpine and the like), and the engine's packages are made only "
                "for it."
            ),
            tr("Use a distribution with glibc, for example Debian, Ubuntu, Fedora or Arch."),
            code="no-wheels",
        )
    version = tuple(int(part) for part in machine.libc.split()[1].split(".")[:2])
    if version < (2, 28):
        raise UserError(
            tr(
                "This Linux is too old for PyTorch: its C library is {libc}, and 2.28 is needed.",
                libc=machine.libc,
            ),
            tr("Use Debian 10, Ubuntu 20.04, RHEL 8 or newer."),
            code="no-wheels",
        )
    if machine.arch not in ("x86_64", "arm64"):
        raise UserError(
            tr("The engine's packages are not made for {arch} processors.", arch=machine.arch),
            tr("Use a computer with an Intel, AMD or 64-bit ARM processor."),
            code="no-wheels",
        )
    wanted, notices = _accelerator(machine, choice)
    if wanted == "cuda":
        return TorchPlan([TorchSource("cuda", "pypi", origin="the package index")], notices=notices)
    plain = [
        TorchSource("cpu", "cpu", origin="your own package sources"),
        TorchSource("cpu", "cpu", "cpu", origin="PyTorch's index"),
    ]
    if choice == "cpu":
        refusal = UserError(
            tr(
                "The build of torch for the processor comes from PyTorch's own index, which cannot be reached."
            ),
            tr(
                "Allow download.pytorch.org in the network's firewall, name a folder that has the file with "
                "PIP_FIND_LINKS, or use --torch cuda: that build is larger (7 GB) and also runs without a card."
            ),
            code="no-cpu-source",
        )
        return TorchPlan(plain, refusal, notices)
    notice = (
        "PyTorch's own index cannot be reached, and the other package index has only the CUDA build: it is larger (7 GB instead of "
        "1.3 GB) and runs on the processor all the same."
    )
    return TorchPlan(
        [*plain, TorchSource("cuda", "pypi", origin="the package index", notice=notice)], notices=notices
    )


def _accelerator(machine: Machine, choice: TorchChoice) -> tuple[Literal["cpu", "cuda"], list[str]]:
    """Which build, and what to say about the cards there are."""
    if choice == "cpu":
        return "cpu", []
    nvidia = machine.nvidia
    if nvidia is None:
        if choice == "cuda":
            return "cuda", [
                "No NVIDIA driver was found here; the CUDA build is installed because you asked for it."
            ]
        return "cpu", []
    problem = unfit(nvidia)
    if problem is None or choice == "cuda":
        return "cuda", [problem] if problem else []
    return "cpu", [f"{problem} The build for the processor is installed."]


def unfit(nvidia: Nvidia) -> str | None:
    """Why the pinned CUDA build cannot use these cards, as a sentence with what to do; None when it can (or it is not known)."""
    series = nvidia.driver.split(".")[0]
    if series.isdigit() and int(series) < CUDA_DRIVER:
        return (
            f"The NVIDIA driver {nvidia.driver} is too old for CUDA 13: update it to {CUDA_DRIVER} or newer, "
            "then run rave-gui engine install again."
        )
    known = [float(c) for c in nvidia.compute if c.replace(".", "", 1).isdigit()]
    if known and max(known) < CUDA_COMPUTE:
        return f"{nvidia.cards[0]} is older than CUDA 13 supports (compute capability {max(known)}, needed {CUDA_COMPUTE})."
    return None
