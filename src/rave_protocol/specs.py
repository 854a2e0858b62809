"""What a job is asked to do: one dataclass of parameters per kind, inside a :class:`JobSpec`.

A spec holds data only: never an argument vector, never an executable, never code. Paths are absolute strings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from rave_protocol import PROTOCOL_VERSION
from rave_protocol.codec import ProtocolError, decode, encode


@dataclass(frozen=True)
class DatasetParams:
    """Build a RAVE dataset (LMDB + metadata.yaml + sidecar) from recordings. Runs in the application's own Python."""

    sources: list[str]
    """Files and folders, searched recursively."""
    output: str
    """Folder of the new dataset; must not exist or be empty."""
    num_signal: int = 131072
    """Samples per training example; a stored chunk holds 2 * num_signal samples (upstream's layout)."""
    channels: int = 1
    sample_rate: int = 44100
    mono: Literal["mix", "left", "right", "separate"] = "mix"
    """How several channels become one; ``separate`` makes every channel an example of its own (with ``channels`` 1)."""
    short_files: Literal["join", "pad", "skip"] = "join"
    """What happens to files shorter than a chunk."""
    tails: Literal["pad", "drop"] = "pad"
    """What happens to the last partial chunk of a file."""
    trim_silence: bool = False
    """Cut stretches below ``trim_threshold`` (dBFS, in all channels) that last ``trim_seconds`` or longer."""
    trim_threshold: float = -60.0
    trim_seconds: float = 1.0
    normalise: Literal["none", "peak", "loudness"] = "none"
    """One gain for each file: its highest sample to ``peak_target``, or its loudness (EBU R 128) to ``loudness_target``."""
    peak_target: float = -1.0
    """dBFS; no file is made louder than this, whatever the loudness wanted."""
    loudness_target: float = -18.0
    """LUFS, integrated."""
    duplicates: Literal["keep", "skip"] = "keep"
    """Files whose bytes are those of an earlier file."""
    extensions: list[str] = field(default_factory=list)
    """Endings searched for in folders, lower case without a dot; empty: every kind known."""
    exclude: list[str] = field(default_factory=list)
    """Files and folders to pass over (absolute paths)."""
    lazy: bool = False
    """Store paths instead of sound: nothing is decoded before the training, which then decodes all the time."""
    max_size: int = 0
    """Bytes the dataset may take at most; 0: what it needs."""
    validation: Literal["chunks", "files"] = "chunks"
    """What a training keeps for validation: chunks drawn at random (RAVE's way), or all of some files."""


@dataclass(frozen=True)
class DatasetAppendParams:
    """Add recordings to a dataset that this application made, with the parameters it was made with."""

    dataset: str
    """Its folder."""
    sources: list[str]
    extensions: list[str] = field(default_factory=list)
    exclude: list[str] = field(default_factory=list)


SETTINGS = "settings.json"
"""In each version of a run: the fields of :class:`TrainParams` that the session was trained with."""


@dataclass(frozen=True)
class TrainParams:
    """Train a RAVE model. The run folder follows RAVE's own layout (config.gin, version_N/checkpoints, event files)."""

    dataset: str
    run: str
    """Run folder, e.g. ``<project>/runs/<name>``."""
    name: str
    configs: list[str] = field(default_factory=lambda: ["v2"])
    """Stock names (``v2``, ``causal``) or absolute paths of gin files."""
    overrides: list[str] = field(default_factory=list)
    """Gin bindings such as ``CAPACITY = 16``."""
    augmentations: list[str] = field(default_factory=list)
    """Stock augmentation names: mute, compress, gain."""
    trusted: list[str] = field(default_factory=list)
    """Gin files outside the stock set that the user allowed to run code (absolute paths); to go on with a run that was trained
    with such files, its own config.gin as well."""
    channels: int = 1
    n_signal: int = 131072
    batch: int = 8
    max_steps: int = 6_000_000
    val_every: int = 10_000
    save_every: int = 10_000
    keep_last: int = 3
    """Numbered checkpoints kept besides best, phase switch and final; 0 keeps all."""
    log_every: int = 50
    """Scalars are written to the event file every so many steps (upstream: 50)."""
    workers: int = 0
    seed: int = 0
    threads: int = 0
    """Threads of the processor's kernels; 0 leaves it to torch (one a core)."""
    device: str = "auto"
    """auto, cpu, cuda:N."""
    ema: float | None = None
    normalize: bool = False
    derivative: bool = False
    rand_pitch: tuple[float, float] | None = None
    resume: str | None = None
    """Checkpoint to continue from; its run's config.gin is used, and its files are never touched."""
    holdout: int = 8
    """At least this many chunks are kept for validation when the dataset has them to spare."""
    exact: bool = True
    """Only speed-ups whose losses and weights equal upstream's step to the last bit; the fast options below then rest."""
    fast_distance: bool = False
    """Spectral distances with a gradient written by hand (the same numbers up to rounding)."""
    amp: Literal["off", "bf16"] = "off"
    """Half precision where torch's autocast allows it; spectra and losses stay in full precision."""
    fused_adam: bool = False
    compile: bool = False
    """Compile encoder, decoder and discriminator with torch.compile."""
    tf32: bool = True
    """Convolutions and products in TF32 on CUDA devices that have it, as upstream allows; off: full single precision."""
    prefetch: int = 2
    """Batches that each loader worker holds ready."""
    description: str = ""
    """What the user wrote about the run."""
    lr_generator: float | None = None
    """Learning rate of encoder and decoder at the start; None is RAVE's own (1e-3)."""
    lr_discriminator: float | None = None
    """Learning rate of the discriminator; None is RAVE's own (1e-4)."""
    milestone_every: int = 0
    """Checkpoints at multiples of so many steps are kept for good; 0 keeps none."""
    keep_free: int = 1 << 30
    """Bytes of the disk that periodic checkpoints leave free; older numbered ones of this version make room first."""
    init_from: str | None = None
    """Checkpoint of another run whose fitting weights the new model starts with (transfer learning)."""
    halve_batch: bool = False
    """When memory runs out the batch may be halved and the training go on from the last checkpoint."""
    tries: int = 3
    """How often in a row a training that broke off is started again from its last checkpoint without having saved anything new."""
    clips: list[str] = field(default_factory=list)
    """Sound files that are sent through the model at every checkpoint and validation, to hear it learn (at most the first 20 s of each)."""
    probe_phase_2: bool = True
    """Try one step of phase 2 before a long training, so that too little memory shows at once and not after days."""


@dataclass(frozen=True)
class TrialParams:
    """Time real steps of both phases on the device, before a training of days. Nothing is kept."""

    train: TrainParams
    """The training to be tried; without a dataset (empty) it hears noise. Its own ``trusted`` is not used."""
    steps: int = 4
    """Steps timed in each phase, after one that warms up."""
    trusted: list[str] = field(default_factory=list)
    """As in :class:`TrainParams`."""


@dataclass(frozen=True)
class RenderParams:
    """Send a sound file through a run's model (whole file, deterministic) and write what comes out."""

    checkpoint: str
    """A .ckpt file, or a run folder (newest checkpoint)."""
    source: str
    output: str
    randomness: float = 0.0
    seed: int = 0
    device: str = "auto"
    trusted: list[str] = field(default_factory=list)
    """The run's own config.gin files (absolute paths) where the user let that run's training use gin that can run code."""


@dataclass(frozen=True)
class EvaluateParams:
    """Reconstruct held-out chunks and measure RAVE's multi-scale spectral distance against three baselines."""

    checkpoint: str
    dataset: str
    output: str
    """Folder that gets original.wav and reconstruction.wav."""
    max_seconds: float = 20.0
    device: str = "auto"
    trusted: list[str] = field(default_factory=list)
    """As in :class:`RenderParams`."""


@dataclass(frozen=True)
class ExportParams:
    """Write a TorchScript model (nn~) with its card, then verify it."""

    checkpoint: str
    output: str
    """Folder of the export: <name>.ts and card.json."""
    name: str
    streaming: bool = True
    fidelity: float = 0.95
    channels: int | None = None
    sample_rate: int | None = None
    """Host rate; an integer multiple of the model's rate."""
    ema: bool = False
    trusted: list[str] = field(default_factory=list)
    """As in :class:`RenderParams`."""


@dataclass(frozen=True)
class VerifyParams:
    """Load an exported model with plain ``torch.jit.load`` and test what a host will do with it."""

    model: str


@dataclass(frozen=True)
class EngineInstallParams:
    """Build the engine's environment. Runs in the application's own Python."""

    torch: Literal["auto", "cpu", "cuda"] = "auto"


@dataclass(frozen=True)
class ProjectExportParams:
    """Write a project into one archive. Runs in the application's own Python."""

    project: str
    output: str
    """The file that is made; must not exist."""
    checkpoints: Literal["all", "newest"] = "all"
    """``newest``: of each run only the newest and the best one."""
    takes: bool = True
    jobs: bool = True
    """The records of jobs that have ended; those of others never travel."""
    include_adopted: bool = False
    """Copy in what lies outside the project and is only used by it."""


@dataclass(frozen=True)
class ProjectImportParams:
    """Unpack a project's archive into a new folder. Runs in the application's own Python."""

    archive: str
    output: str
    """Folder of the project; must not exist or be empty."""
    max_entries: int = 1_000_000
    max_bytes: int = 1 << 42
    """Of everything unpacked."""


@dataclass(frozen=True)
class DatasetLookParams:
    """Read a dataset and say what it holds (statistics, index, check). Runs in the application's own Python."""

    dataset: str
    sample: int = 5000
    """Statistics: chunks analysed at most, evenly spread."""


@dataclass(frozen=True)
class DatasetCopyParams:
    """Make something new of a dataset: a clone, a copy without marked chunks, a repaired copy, an archive. The original stays as it is."""

    dataset: str
    output: str
    """Folder of the new dataset (must not exist or be empty), or the archive's file (must not exist)."""


@dataclass(frozen=True)
class DatasetExtractParams:
    """Write chunks of a dataset as sound files."""

    dataset: str
    folder: str
    indices: list[int] | None = None
    """None: all."""
    format: Literal["wav", "flac"] = "wav"
    bits: int = 16


@dataclass(frozen=True)
class DatasetRestoreParams:
    """Unpack a dataset's archive."""

    archive: str
    output: str
    """Folder of the dataset; must not exist or be empty."""


Params = (
    DatasetParams
    | DatasetAppendParams
    | TrainParams
    | TrialParams
    | RenderParams
    | EvaluateParams
    | ExportParams
    | VerifyParams
    | EngineInstallParams
    | ProjectExportParams
    | ProjectImportParams
    | DatasetLookParams
    | DatasetCopyParams
    | DatasetExtractParams
    | DatasetRestoreParams
)

Trusting = TrainParams | TrialParams | RenderParams | EvaluateParams | ExportParams
"""Parameters whose ``trusted`` lets configurations run code; the word of a job that somebody else submitted is never taken."""

KINDS: dict[str, type[Any]] = {
    "dataset": DatasetParams,
    "dataset-append": DatasetAppendParams,
    "train": TrainParams,
    "trial": TrialParams,
    "render": RenderParams,
    "evaluate": EvaluateParams,
    "export": ExportParams,
    "verify": VerifyParams,
    "engine-install": EngineInstallParams,
    "project-export": ProjectExportParams,
    "project-import": ProjectImportParams,
    "dataset-stats": DatasetLookParams,
    "dataset-index": DatasetLookParams,
    "dataset-check": DatasetLookParams,
    "dataset-repair": DatasetCopyParams,
    "dataset-clean": DatasetCopyParams,
    "dataset-clone": DatasetCopyParams,
    "dataset-archive": DatasetCopyParams,
    "dataset-extract": DatasetExtractParams,
    "dataset-restore": DatasetRestoreParams,
}

ENGINE_KINDS = frozenset({"train", "trial", "render", "evaluate", "export", "verify"})
"""Kinds that run in the engine's interpreter; the others run in the application's."""

PAUSABLE_KINDS = frozenset({"train", "dataset", "dataset-append"})
"""Kinds whose work obeys ``pause`` and ``resume``; the others are over soon, and refuse."""


@dataclass(frozen=True)
class JobSpec:
    """A job as it lies in ``jobs/<id>/spec.json``; frozen at submission, never rewritten."""

    id: str
    kind: str
    title: str
    params: Params
    created: float
    """Seconds since the epoch."""
    project: str | None = None
    """Absolute project folder, or None for a job without one."""
    retry_of: str | None = None
    protocol: int = PROTOCOL_VERSION

    def to_json(self) -> dict[str, Any]:
        """The JSON object written to spec.json."""
        data: dict[str, Any] = encode(self)
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> JobSpec:
        """Read spec.json. Raises :class:`ProtocolError` for another protocol version, an unknown kind or a wrong field."""
        version = data.get("protocol")
        if version != PROTOCOL_VERSION:
            raise ProtocolError(f"protocol {version} is not {PROTOCOL_VERSION}")
        kind = data.get("kind")
        if kind not in KINDS:
            raise ProtocolError(f"unknown job kind {kind!r}")
        params = decode(KINDS[kind], data.get("params"))
        rest = {k: v for k, v in data.items() if k != "params"}
        header = decode(_Header, rest)
        return cls(params=params, **vars(header))


@dataclass(frozen=True)
class _Header:
    id: str
    kind: str
    title: str
    created: float
    project: str | None = None
    retry_of: str | None = None
    protocol: int = PROTOCOL_VERSION
