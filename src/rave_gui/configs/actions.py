"""What a user can do with configurations: presets, the index, composing, checking, estimating, comparing, own files, templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.configs import own, trusting
from rave_gui.configs.catalogue import CARDS, KINDS, figures, memory_class
from rave_gui.configs.presets import PRESETS, get_preset
from rave_gui.configs.stackfaults import SaidFault, said
from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.runtime.worker_client import WarmWorker
from rave_protocol import stacks

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services

ENGINE_TIMEOUT = 120.0
"""Seconds the engine may think about a configuration."""


@dataclass(frozen=True)
class Stack:
    """What the engine needs to compose: names (stock, or the user's own, or absolute paths), overrides, augmentations, channels."""

    configs: Sequence[str] = ("v2",)
    overrides: Sequence[str] = ()
    augmentations: Sequence[str] = ()
    channels: int = 1
    n_signal: int = 131072
    batch: int = 8
    amp: str = "off"

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Stack:
        """From fields of ``TrainParams``; others are ignored."""
        return cls(**{key: fields[key] for key in cls.__dataclass_fields__ if key in fields})


# --- presets


def presets() -> list[dict[str, Any]]:
    """Every preset as a JSON object: name, label, description, configs, steps, batch, n_signal."""
    return [preset.to_json() for preset in PRESETS]


def preset(name: str, steps: int | None = None) -> dict[str, Any]:
    """Fields of ``TrainParams`` for one preset and a number of steps. Raises ``UserError``: preset-unknown, bad-steps."""
    return get_preset(name).train_fields(steps)


def preset_dataset(name: str) -> dict[str, Any]:
    """Fields of ``DatasetParams`` for one preset. Raises ``UserError``: preset-unknown."""
    return get_preset(name).dataset_fields()


# --- the index


def list_configs(services: Services, project: Path | None = None) -> list[dict[str, Any]]:
    """Every configuration of the installed RAVE, of the user and of the project.

    Each: ``name, origin`` (rave, own, project), ``path, kind, title, text, caution, summary, needs, base, macros, includes, sets,
    phase_1_literal, error``, and for stock ones ``figures`` (see ``catalogue.figures``) and ``memory`` (small … huge). Words are
    translated. Raises :class:`UserError` engine-missing, worker-failed.
    """
    return [_described(item) for item in _index(services, project)]


def _index(services: Services, project: Path | None) -> list[dict[str, Any]]:
    folders = {"own": str(own_folder(services))}
    if project is not None:
        folders["project"] = str(project / "configs")
    found = _ask(services, "index", {"folders": folders})
    items: list[dict[str, Any]] = found["items"]
    return items


def _described(item: dict[str, Any]) -> dict[str, Any]:
    stock = item["origin"] == "rave"
    card = CARDS.get(item["name"]) if stock else None
    known = figures().get(item["name"]) if stock else None
    label = KINDS.get(item["kind"])
    return {
        **item,
        "kind_label": tr(label[0]) if label else item["kind"],
        "title": tr(card.title) if card else item["name"],
        "text": tr(card.text) if card else item["summary"],
        "caution": tr(card.caution) if card else "",
        "figures": known,
        "memory": memory_class(known["phase_2_gib"]) if known else None,
    }


def show(services: Services, name: str, project: Path | None = None) -> dict[str, Any]:
    """One configuration with its ``source`` text. Raises :class:`UserError` config-missing."""
    for item in _index(services, project):
        if name in (item["name"], item["path"], Path(item["path"]).name):
            text = Path(item["path"]).read_text(encoding="utf-8", errors="replace")
            return {**_described(item), "source": text}
    raise _missing(name)


def own_folder(services: Services) -> Path:
    """Where the user's own configurations lie."""
    return services.paths.config / "configs"


def resolve(services: Services, names: Sequence[str], project: Path | None = None) -> list[str]:
    """Names of a stack as the engine takes them: the user's and the project's own become paths, others stay as they are."""
    return [_resolved(services, name, project) for name in names]


def _resolved(services: Services, name: str, project: Path | None) -> str:
    if Path(name).expanduser().is_absolute():
        return str(Path(name).expanduser())
    plain = stacks.plain(name)
    if plain in stacks.BASES or plain in stacks.ADD_ONS:
        return plain
    for folder in (own_folder(services), *([project / "configs"] if project else [])):
        path = folder / f"{plain}{own.SUFFIX}"
        if path.is_file():
            return str(path)
    local = Path(name)
    return str(local.absolute()) if local.suffix == own.SUFFIX and local.is_file() else plain


# --- asking the engine


def compose(services: Services, stack: Stack, project: Path | None = None) -> dict[str, Any]:
    """Every binding of a stack with its value, who set it where and what it replaced.

    ``{"bindings": [{name, value, resolved, source, file, line, overrode: […], used, macro, …}], "text", "warnings", "faults",
    "facts"}``. Raises :class:`UserError` with the engine's code (untrusted-config, config-missing, …).
    """
    return _ask(services, "preview", _sent(services, stack, project))


def validate(
    services: Services, stack: Stack, *, texts: Mapping[str, str] | None = None, project: Path | None = None
) -> dict[str, Any]:
    """``{"valid", "findings": [{severity, code, message, hint, source, file, line, name}], "facts"}`` on gin's real parser.

    ``texts`` holds unsaved contents of files by absolute path (they must be in the stack).
    """
    sent = _sent(services, stack, project)
    if texts:
        sent["texts"] = dict(texts)
    return _ask(services, "check", sent)


def judge(
    services: Services, stack: Stack, *, texts: Mapping[str, str] | None = None, project: Path | None = None
) -> dict[str, Any]:
    """As :func:`validate`, with what is known against the stack as such: bases in the wrong order, add-ons that need another one."""
    found = validate(services, stack, texts=texts, project=project)
    against = [
        {"severity": fault.severity, "code": fault.code, "message": fault.message, "hint": fault.hint}
        | {"source": "", "file": "", "line": 0, "name": ""}
        for fault in said(stack.configs)
    ]
    valid = found["valid"] and not any(item["severity"] == "error" for item in against)
    return {**found, "valid": valid, "findings": [*against, *found["findings"]]}


def stack_faults(names: Sequence[str]) -> list[SaidFault]:
    """What is known against a stack of stock names, in words; asks nobody."""
    return said(names)


def vocabulary(services: Services) -> dict[str, Any]:
    """What may be written in a configuration: ``{"configurables": {"blocks.EncoderV2": [parameters]}, "macros": [names]}``."""
    return _ask(services, "vocabulary", {})


def estimate(services: Services, stack: Stack, project: Path | None = None) -> dict[str, Any]:
    """Peak memory of a training step: ``{"phase_1_gib", "phase_2_gib", "phase_1", "phase_2", "parameters", "weights", "seconds"}``.

    Counted over the real model on fake tensors; what driver, convolution workspaces and fragmentation add is not in it.
    """
    found = _ask(services, "estimate", _sent(services, stack, project))
    return {
        **found,
        "phase_1_gib": round(found["phase_1"] / 2**30, 3),
        "phase_2_gib": round(found["phase_2"] / 2**30, 3),
    }


def recommend(services: Services, stack: Stack, limit: int, project: Path | None = None) -> dict[str, Any]:
    """What fits into ``limit`` bytes: largest ``batch``, ``n_signal`` and ``capacity`` (each ``{"value", "phase_1", "phase_2"}`` or None)."""
    return _ask(services, "recommend", {**_sent(services, stack, project), "limit": limit})


def _sent(services: Services, stack: Stack, project: Path | None) -> dict[str, Any]:
    names = resolve(services, stack.configs, project)
    return {
        "configs": names,
        "overrides": list(stack.overrides),
        "augmentations": list(stack.augmentations),
        "channels": stack.channels,
        "n_signal": stack.n_signal,
        "batch": stack.batch,
        "amp": stack.amp,
        "trusted": sorted({*trusting.trusted(services.paths), *may_run(services, names)}),
    }


def _ask(services: Services, method: str, params: dict[str, Any]) -> dict[str, Any]:
    services.engine.python()
    return WarmWorker(services.engine, services.paths).request(method, params, timeout=ENGINE_TIMEOUT)


# --- comparing


def diff(
    services: Services, before: Stack, after: Stack, project: Path | None = None
) -> list[dict[str, Any]]:
    """Bindings that differ between two stacks: ``{"name", "before", "after", "before_source", "after_source"}``, None where there is none."""
    old = {item["name"]: item for item in compose(services, before, project)["bindings"]}
    new = {item["name"]: item for item in compose(services, after, project)["bindings"]}
    found = []
    for name in sorted({*old, *new}):
        a, b = old.get(name), new.get(name)
        if a is None or b is None or a["resolved"] != b["resolved"]:
            found.append(
                {
                    "name": name,
                    "before": a["resolved"] if a else None,
                    "after": b["resolved"] if b else None,
                    "before_source": _place(a),
                    "after_source": _place(b),
                }
            )
    return found


def _place(item: dict[str, Any] | None) -> str | None:
    if item is None:
        return None
    return f"{item['source']}:{item['line']}" if item["line"] else str(item["source"])


# --- own files


def save_own(
    services: Services, name: str, text: str, *, replace: bool = False, project: Path | None = None
) -> Path:
    """Keep a gin text as the user's own (or the project's) configuration; an earlier one of that name goes to a history.

    Raises :class:`UserError`: bad-name, name-taken (also for the names of stock configurations).
    """
    plain = stacks.plain(name)
    if plain in stacks.BASES or plain in stacks.ADD_ONS:
        raise UserError(
            tr("{name} is the name of one of RAVE's own configurations.", name=repr(plain)),
            tr("Choose another name."),
            code="name-taken",
        )
    folder = own_folder(services) if project is None else project / "configs"
    return own.write(folder, plain, own.SUFFIX, text, replace=replace)


def remove_own(services: Services, name: str, project: Path | None = None) -> Path:
    """Take an own configuration out of the list; it lies in the history afterwards. Raises :class:`UserError` config-missing."""
    folder = own_folder(services) if project is None else project / "configs"
    path = folder / f"{stacks.plain(name)}{own.SUFFIX}"
    if not path.is_file():
        raise _missing(name)
    return own.remove(path)


def trust(services: Services, path: Path) -> None:
    """Let this gin file, as it is now, run code; when it changes it has to be trusted again. Raises :class:`UserError` config-missing."""
    if not path.is_file():
        raise _missing(str(path))
    trusting.trust(services.paths, path)


def trusted(services: Services) -> list[str]:
    """Gin files that may run code (absolute paths)."""
    return trusting.trusted(services.paths)


def may_run(services: Services, names: Sequence[str]) -> list[str]:
    """Those of the resolved ``names`` of a stack that may run code: trusted files, and unchanged copies of such."""
    return trusting.may_run(services.paths, names)


def _missing(name: str) -> UserError:
    return UserError(
        tr("There is no configuration called {name}.", name=repr(name)),
        tr("“rave-gui config list” shows all."),
        code="config-missing",
    )


# --- templates


def templates(services: Services) -> list[dict[str, Any]]:
    """The user's templates: ``name, description, fields`` (of ``TrainParams``), ``path``; an unreadable one has ``error`` instead of fields."""
    found: list[dict[str, Any]] = []
    for path in own.files(_templates(services), own.TEMPLATE_SUFFIX):
        try:
            found.append(own.read_template(path))
        except UserError as error:
            found.append(
                {
                    "name": path.name.removesuffix(own.TEMPLATE_SUFFIX),
                    "path": str(path),
                    "error": error.to_json(),
                }
            )
    return found


def template(services: Services, name: str) -> dict[str, Any]:
    """One template, by its name or a file's path. Raises :class:`UserError`: template-missing, template-broken."""
    path = Path(name).expanduser()
    if not path.is_absolute() and path.suffix != own.TEMPLATE_SUFFIX:
        path = _templates(services) / f"{name}{own.TEMPLATE_SUFFIX}"
    return own.read_template(path)


def save_template(
    services: Services, name: str, fields: Mapping[str, Any], description: str = "", *, replace: bool = False
) -> Path:
    """Keep settings of a training under a name; paths and what belongs to one run are left out.

    Raises :class:`UserError`: bad-name, name-taken, bad-settings.
    """
    text = own.template_text(name, description, dict(fields))
    return own.write(_templates(services), name, own.TEMPLATE_SUFFIX, text, replace=replace)


def import_template(services: Services, path: Path, *, name: str = "", replace: bool = False) -> Path:
    """Take a template file that somebody shared, under its own name or another.

    Raises :class:`UserError`: template-missing, template-broken, name-taken, bad-name.
    """
    found = own.read_template(path)
    return save_template(
        services, name or found["name"], found["fields"], found["description"], replace=replace
    )


def remove_template(services: Services, name: str) -> Path:
    """Take a template out of the list; it lies in the history afterwards. Raises :class:`UserError` template-missing."""
    path = _templates(services) / f"{name}{own.TEMPLATE_SUFFIX}"
    if not path.is_file():
        raise UserError(tr("There is no template called {name}.", name=repr(name)), code="template-missing")
    return own.remove(path)


def _templates(services: Services) -> Path:
    return services.paths.config / "templates"
