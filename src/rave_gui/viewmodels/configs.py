"""The library of configurations: what there is, which are shown, what is known of each in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from psygnal import Signal

from rave_gui.configs.catalogue import MEMORY_CLASSES
from rave_gui.i18n import tr
from rave_protocol import stacks

KINDS = ("all", "architecture", "addons", "augmentation", "own")
"""What the library can be narrowed to."""


@dataclass(frozen=True)
class ConfigItem:
    """One gin file as ``configs.actions.list_configs`` describes it."""

    name: str
    origin: str
    path: str
    kind: str
    kind_label: str = ""
    title: str = ""
    text: str = ""
    caution: str = ""
    summary: str = ""
    needs: str = ""
    base: bool = False
    macros: Mapping[str, Any] = field(default_factory=dict)
    includes: Sequence[str] = ()
    sets: Sequence[str] = ()
    phase_1_literal: int | None = None
    error: str = ""
    figures: Mapping[str, Any] | None = None
    memory: str | None = None

    @property
    def own(self) -> bool:
        """Whether the user (or the project) wrote it."""
        return self.origin != "rave"

    @property
    def haystack(self) -> str:
        """What a search looks through."""
        parts = (self.name, self.title, self.text, self.kind_label, self.summary, *self.macros, *self.sets)
        return "\n".join(parts).casefold()


_KNOWN = frozenset(f.name for f in fields(ConfigItem))


def item(data: Mapping[str, Any]) -> ConfigItem:
    """From an entry of the index; what is not known here is left out."""
    return ConfigItem(**{key: value for key, value in data.items() if key in _KNOWN and value is not None})


def accepts(kind: str, row: ConfigItem) -> bool:
    """Whether a kind of :data:`KINDS` shows a configuration."""
    return {
        "all": True,
        "architecture": row.kind == "architecture" and not row.own,
        "addons": row.kind in ("regularisation", "discriminator", "other", "prior") and not row.own,
        "augmentation": row.kind == "augmentation" and not row.own,
        "own": row.own,
    }[kind]


def memory_words(key: str | None) -> str:
    """A memory class in words."""
    return next((tr(text) for name, _most, text in MEMORY_CLASSES if name == key), "")


def remarks(row: ConfigItem, items: Sequence[ConfigItem]) -> list[str]:
    """What it needs, what it cannot stand beside, what it builds on; sentences."""
    titles = {other.name: other.title for other in items}

    def names(keys: Sequence[str]) -> str:
        return ", ".join(titles.get(key, key) for key in keys)

    found = []
    if row.includes:
        found.append(
            tr("Builds on {names}.", names=names([stacks.plain(i.rpartition("/")[2]) for i in row.includes]))
        )
    if row.needs == "v2" or row.name in stacks.NEEDS_V2:
        found.append(tr("Goes on top of a model of the v2 family; v1, ONNX and Raspberry cannot take it."))
    elif not row.base and row.kind != "augmentation":
        found.append(tr("Goes on top of a model: it is no model by itself."))
    for rivals in (stacks.ENCODERS, stacks.DISCRIMINATORS):
        if row.name in rivals:
            others = [name for name in rivals if name != row.name]
            found.append(
                tr("Takes the place of {names}: only one of them can be in force.", names=names(others))
            )
    if row.name in stacks.ENCODERS:
        found.append(tr("Does not go with Discrete, whose latents are tokens."))
    if row.phase_1_literal is not None:
        found.append(
            tr(
                "Writes the length of phase 1 ({steps} steps) as a plain number, which RAVE's own overrides do not reach; here they do.",
                steps=f"{row.phase_1_literal:,}",
            )
        )
    shortest = (row.figures or {}).get("minimum_n_signal")
    if shortest:
        found.append(tr("Needs training examples of at least {n} samples.", n=f"{shortest:,}"))
    return found


def facts(row: ConfigItem) -> list[tuple[str, str]]:
    """Measured figures: caption and value."""
    known = row.figures or {}
    found = []
    if known.get("latent_size"):
        found.append((tr("Latents"), str(known["latent_size"])))
    if known.get("ratio"):
        found.append((tr("Samples a latent"), f"{known['ratio']:,}"))
    if known.get("parameters"):
        found.append((tr("Parameters"), tr("{n} million", n=f"{known['parameters'] / 1e6:.1f}")))
    if known.get("phase_2_gib"):
        pair = tr(
            "{first} / {second} GiB",
            first=f"{known['phase_1_gib']:.1f}",
            second=f"{known['phase_2_gib']:.1f}",
        )
        found.append((tr("Memory, phase 1 / 2"), pair))
    if known.get("delay_ms") is not None:
        found.append((tr("Delay"), tr("{n} ms", n=f"{known['delay_ms']:,.0f}")))
    return found


class ConfigsModel:
    """``changed`` carries what did: items, shown, chosen."""

    changed = Signal(str)

    def __init__(self) -> None:
        self.items: list[ConfigItem] = []
        self.loaded = False
        self.search, self.kind = "", "all"
        self.chosen = ""
        """Path of the configuration that is looked at."""

    def set_items(self, found: Sequence[Mapping[str, Any]]) -> None:
        """The index as it is now."""
        order = {"project": 0, "own": 1, "rave": 2}
        kinds = ("architecture", "regularisation", "discriminator", "other", "augmentation", "prior")
        rows = [item(data) for data in found]
        rows.sort(
            key=lambda r: (
                order.get(r.origin, 3),
                kinds.index(r.kind) if r.kind in kinds else 9,
                r.title.casefold(),
            )
        )
        self.items, self.loaded = rows, True
        if self.item is None:
            self.chosen = ""
        self.changed.emit("items")

    def set_filter(self, search: str | None = None, kind: str | None = None) -> None:
        """Show others."""
        self.search = self.search if search is None else search
        self.kind = self.kind if kind is None else kind
        self.changed.emit("shown")

    def choose(self, path: str) -> None:
        """Look at this one."""
        if path != self.chosen:
            self.chosen = path
            self.changed.emit("chosen")

    @property
    def shown(self) -> list[ConfigItem]:
        """Those that search and kind let through."""
        parts = self.search.casefold().split()
        return [
            row
            for row in self.items
            if accepts(self.kind, row) and all(part in row.haystack for part in parts)
        ]

    @property
    def item(self) -> ConfigItem | None:
        """The one that is looked at."""
        return next((row for row in self.items if row.path == self.chosen), None)

    def named(self, name: str) -> ConfigItem | None:
        """By its name or path; the user's own come first."""
        return next((row for row in self.items if name in (row.name, row.path)), None)

    def bases(self) -> list[ConfigItem]:
        """Those that are a model by themselves."""
        return [row for row in self.items if row.base]
