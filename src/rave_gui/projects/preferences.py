"""Settings that belong to one project and travel with it; declared once, kept in the project's database."""

from __future__ import annotations

import json
from pathlib import Path

from rave_gui.errors import UserError
from rave_gui.i18n import N_, tr
from rave_gui.projects.project import Project
from rave_gui.settings.schema import Setting, Value

PROJECT_SETTINGS: tuple[Setting, ...] = (
    Setting("description", "", N_("Description"), N_("What this project is about, in your own words.")),
    Setting("author", "", N_("Author"), N_("Who made it. Written on the cards of exported models.")),
    Setting(
        "licence",
        "",
        N_("Licence of the sound"),
        N_("Under what terms the recordings may be used, for example “my own” or “CC BY 4.0”."),
    ),
    Setting(
        "default_preset",
        "",
        N_("Preset for new runs"),
        N_("The training preset that a new run starts from. Empty: the one that suits this computer."),
    ),
    Setting(
        "sample_rate",
        44100.0,
        N_("Sample rate for new datasets"),
        N_(
            "In Hz. Models only make sound at the rate of their dataset: choose that of your audio interface."
        ),
        minimum=8000.0,
        maximum=192000.0,
    ),
    Setting(
        "channels",
        1.0,
        N_("Channels for new datasets"),
        N_("1 mono, 2 stereo. A stereo model learns slower and is heavier to play."),
        minimum=1.0,
        maximum=8.0,
    ),
    Setting(
        "num_signal",
        131072.0,
        N_("Length of a training example"),
        N_(
            "In samples, for new datasets. Longer needs more memory; it must be at least what the preset trains with."
        ),
        minimum=1024.0,
        maximum=float(1 << 24),
    ),
)
_BY_KEY = {setting.key: setting for setting in PROJECT_SETTINGS}


def project_settings(path: Path) -> dict[str, Value]:
    """Every setting of the project in ``path`` by key, defaults where nothing was chosen. Raises as ``Project.open`` does."""
    kept = Project.open(path).store.all_meta()
    values: dict[str, Value] = {}
    for setting in PROJECT_SETTINGS:
        values[setting.key] = setting.default
        try:
            value = json.loads(kept[f"setting.{setting.key}"])
        except (KeyError, ValueError):
            continue
        if setting.problem(value) is None:
            values[setting.key] = value
    return values


def set_project_setting(path: Path, key: str, value: Value) -> None:
    """Keep a setting. Raises :class:`UserError` (``no-such-setting``, ``bad-setting``) and as ``Project.open`` does."""
    setting = _BY_KEY.get(key)
    if setting is None:
        raise UserError(
            tr("A project has no setting named {key!r}.", key=key),
            tr("Its settings are: {keys}.", keys=", ".join(_BY_KEY)),
            code="no-such-setting",
        )
    problem = setting.problem(value)
    if problem is None and isinstance(setting.default, float):
        value = float(value)
        if not value.is_integer():
            problem = tr("{label} is a whole number.", label=tr(setting.label))
    if problem is not None:
        raise UserError(problem, tr("Choose another value."), code="bad-setting")
    Project.open(path).store.set_meta(f"setting.{key}", json.dumps(value, ensure_ascii=False))
