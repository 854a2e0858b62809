"""Put a stack of configurations, overrides and augmentations together, with gin's own parser."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rave_engine import checkpoints
from rave_engine.configs import stock, trust
from rave_engine.configs.scan import Scan, scan
from rave_engine.errors import EngineError
from rave_protocol.files import replace_text

CONFIG_NAME = "config.gin"

GIN_ERRORS = (
    ValueError,
    TypeError,
    SyntaxError,
    NameError,
    AttributeError,
    RuntimeError,
    ImportError,
    KeyError,
    OSError,
)
"""What gin raises for a file that does not fit; it has no error class of its own."""


@dataclass(frozen=True)
class Composition:
    """A configuration that gin now holds in this process."""

    text: str
    """Self-contained gin text: no includes, every binding, ``RAVE.n_channels`` among them."""
    stack: tuple[str, ...]
    channels: int
    warnings: tuple[str, ...] = ()
    """Complete sentences about settings that have no effect."""

    def write(self, path: Path) -> None:
        """Write the text so that ``gin.parse_config_file`` and upstream's ``rave export`` read it; old or new, never half."""
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, self.text)

    def facts(self) -> dict[str, Any]:
        """Numbers and names that can be told without building the model."""
        import gin

        def ask(name: str) -> Any:
            try:
                return gin.query_parameter(name)
            except ValueError:
                return None

        return {
            "sample_rate": resolved(ask("RAVE.sampling_rate")),
            "latent_size": resolved(ask("RAVE.latent_size")),
            "phase_1_duration": resolved(ask("RAVE.phase_1_duration")),
            "warmup_quantize": resolved(ask("RAVE.warmup_quantize")),
            "channels": self.channels,
        }


def compose(
    configs: Sequence[str],
    overrides: Sequence[str] = (),
    augmentations: Sequence[str] = (),
    *,
    channels: int,
    trusted: Iterable[str] = (),
) -> Composition:
    """Clear gin and fill it with ``configs`` (stock names or paths), then ``overrides``, then ``augmentations``.

    Raises :class:`EngineError`: ``untrusted-config``, ``config-missing``, ``gin-syntax``, ``config-invalid``,
    ``unknown-override``, ``wrong-channels``.
    """
    import gin

    from rave_engine import compat

    compat.install()
    files, changes = gather(configs, overrides, channels, trusted)
    clear()
    try:
        for path in files:
            gin.parse_config(readable(path.read_text(encoding="utf-8")))
        for text in overrides:
            gin.parse_config(text)
        warnings = reach_literals(changes)
        bind("RAVE.n_channels", channels)
        augment(augmentations)
        text = gin.config_str()
    except EngineError:
        raise
    except GIN_ERRORS as error:
        raise EngineError(
            "config-invalid",
            f"The configurations {', '.join(configs)} do not go together.",
            "Look at the details for the file and line; remove the override or modifier that is named there.",
            str(error),
        ) from error
    return Composition(text, tuple(configs), channels, tuple(warnings))


def gather(
    configs: Sequence[str], overrides: Sequence[str], channels: int, trusted: Iterable[str]
) -> tuple[list[Path], list[Scan]]:
    """The files of a stack and its overrides as read, all of them allowed. Raises :class:`EngineError` as :func:`compose` does."""
    if channels < 1:
        raise EngineError("wrong-channels", f"{channels} channels are not possible.", "Use 1 or more.")
    if not configs:
        raise EngineError("config-missing", "No configuration was chosen.", "Choose one, for example v2.")
    trusted = list(trusted)
    files = []
    for name in configs:
        path = _config_path(name)
        trust.check_file(path, trusted if stock.stock_file(name) is None else [str(path)])
        files.append(path)
    return files, [_override(text) for text in overrides]


def compose_run(run: Path, *, channels: int | None = None, trusted: Iterable[str] = ()) -> Composition:
    """Clear gin and fill it with the ``config.gin`` of a run (folder, version folder or checkpoint).

    ``channels`` is used when the file does not say (runs of upstream's command line leave it out). Raises
    :class:`EngineError` as :func:`compose` does.
    """
    import gin

    from rave_engine import compat

    compat.install()
    path = find_config(run)
    trust.check_file(path, trusted)
    text = path.read_text(encoding="utf-8")
    clear()
    try:
        gin.parse_config(text)
        if _query("RAVE.n_channels") is None:
            bind("RAVE.n_channels", channels or 1)
        whole = gin.config_str()
    except GIN_ERRORS as error:
        raise EngineError(
            "config-invalid",
            f"The configuration of this run cannot be used: {path}.",
            "It may belong to another version of RAVE.",
            str(error),
        ) from error
    return Composition(whole, (str(path),), int(resolved(_query("RAVE.n_channels")) or 1))


def find_config(run: Path) -> Path:
    """``config.gin`` beside or above a run folder, version folder or checkpoint. Raises :class:`EngineError`."""
    if run.is_dir():
        newest = [p for p in run.rglob("*.ckpt") if not p.name.startswith(".")]
        if newest:  # a version may have a configuration of its own
            run = checkpoints.find(run)
    start = run.parent if run.suffix == ".ckpt" else run
    for folder in (start, start.parent, start.parent.parent):
        if (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
    raise EngineError(
        "config-missing",
        f"There is no config.gin beside {run}, so nobody knows which model this is.",
        "Choose the run's own folder; copy its config.gin along when you copy a checkpoint.",
    )


def _config_path(name: str) -> Path:
    path = stock.stock_file(name)
    if path is not None:
        return path
    path = Path(name)
    if path.is_absolute():
        return path
    known = ", ".join(
        item["name"] for item in stock.list_configs()["items"] if item["kind"] != "augmentation"
    )
    raise EngineError(
        "config-missing",
        f"RAVE has no configuration called {name!r}.",
        f"The stock configurations are {known}.",
    )


def readable(text: str) -> str:
    """``text`` with what no class of upstream's can take said as it was meant.

    v2_nopqmf_small.gin gives ``Compress`` the parameters of ``RandomCompress``, so upstream refuses it; and what is composed from
    it must be a config.gin that upstream reads.
    """
    if not re.search(r"\bCompress(:\s*\n\s*|\.)amp_range\b", text):
        return text
    return re.sub(r"\bCompress(?=\(|:|\.)", "RandomCompress", text)


def _override(text: str) -> Scan:
    """One override: a single binding. Anything that could import, include or reach outside the vocabulary is refused."""
    found = scan(text, f"override {text!r}")
    if len(found.bindings) != 1 or found.imports or found.includes:
        raise EngineError(
            "unknown-override",
            f"{text!r} is not one setting.",
            "Write each override as NAME = value or Class.parameter = value.",
        )
    trust.check(found, f"override {text!r}")
    name, parameter, _ = found.bindings[0]
    if not parameter and name not in stock.vocabulary().macros:
        known = ", ".join(sorted(stock.vocabulary().macros))
        raise EngineError(
            "unknown-override", f"No configuration knows the setting {name!r}.", f"The settings are {known}."
        )
    return found


def reach_literals(changes: list[Scan]) -> list[str]:
    """Make overrides count that a literal in the stack hides, and tell which ones still have no effect.

    spherical, v2_nopqmf, v2_nopqmf_small and v2_with_augs give ``RAVE.phase_1_duration`` as a number, so the macro
    PHASE_1_DURATION has no effect on them upstream (no upstream thread known).
    """
    import gin

    warnings = []
    used = scan(gin.config_str(), "the composed configuration").used_macros
    for change in changes:
        name, parameter, _ = change.bindings[0]
        if parameter:
            continue
        if name == "PHASE_1_DURATION" and not _is_macro(_query("RAVE.phase_1_duration")):
            bind("RAVE.phase_1_duration", _query("PHASE_1_DURATION/macro.value"))
        elif name not in used:
            warnings.append(f"The setting {name} has no effect: this configuration does not use it.")
    return warnings


def augment(names: Sequence[str]) -> None:
    """Add stock augmentations to those that the stack itself names (upstream lets the stack's list hide them)."""
    import gin

    if not names:
        return
    added = []
    for name in names:
        path = stock.augmentation_file(name)
        if path is None:
            raise EngineError(
                "config-missing",
                f"RAVE has no augmentation called {name!r}.",
                "There are mute, compress and gain.",
            )
        for _, parameter, value in scan(path.read_text(encoding="utf-8"), str(path)).bindings:
            if parameter == "aug":
                added.append(repr(value))
    before = _query("get_dataset.augmentations") or []
    listed = ", ".join([*(repr(reference) for reference in before), *added])
    needed = "import rave\nfrom rave import dataset\nfrom rave import transforms\n"
    text = (
        f"from __gin__ import dynamic_registration\n{needed}dataset.get_dataset.augmentations = [{listed}]\n"
    )
    gin.parse_config(text)


def clear() -> None:
    import gin

    gin.clear_config()
    gin.config._CONFIG_IS_LOCKED = False
    # RAVE adds its folders after the working directory, whose configs/v1.gin would then stand for the stock file.
    gin.config._LOCATION_PREFIXES.sort(key=lambda prefix: str(prefix) == "")


def bind(name: str, value: Any) -> None:
    import gin

    with gin.unlock_config():
        gin.bind_parameter(name, value)


def _query(name: str) -> Any:
    import gin

    try:
        return gin.query_parameter(name)
    except ValueError:
        return None


def _is_macro(value: Any) -> bool:
    return value is not None and repr(value).startswith("%")


def resolved(value: Any) -> Any:
    """Follow macros to a literal; references to configurables are left as their text."""
    for _ in range(8):
        if not _is_macro(value):
            break
        value = _query(f"{repr(value)[1:]}/macro.value")
    return value if isinstance(value, (int, float, str, bool, list, tuple, dict, type(None))) else repr(value)
