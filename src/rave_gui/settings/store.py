"""Settings in a JSON file: written whole, unknown keys kept, a broken file set aside and reported."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rave_gui.errors import UserError
from rave_gui.i18n import VARIABLE, tr, use_language
from rave_gui.settings.schema import SCHEMA, Setting, Value
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json, replace_file, write_json
from rave_protocol.locks import OsLock


def speak(folder: Path) -> str:
    """Take the language of the user whose settings lie in ``folder``, or that of the environment variable; returns the one taken.

    For the window and the processes that work for it. The command line speaks English unless the variable is set, so that scripts
    read the same everywhere.
    """
    return use_language(os.environ.get(VARIABLE) or Settings.load(folder / "settings.json").text("language"))


class Settings:
    """Values by key. ``problems`` says in sentences what could not be taken from the file; defaults stand in for it."""

    def __init__(self, path: Path, schema: tuple[Setting, ...] = SCHEMA) -> None:
        self.path = path
        self.schema = {setting.key: setting for setting in schema}
        self.problems: list[str] = []
        self._values: dict[str, Value] = {}
        self._listeners: list[Callable[[str, Value], None]] = []

    @classmethod
    def load(cls, path: Path, schema: tuple[Setting, ...] = SCHEMA) -> Settings:
        """Read the file; never fails: what is wrong with it is in :attr:`problems`."""
        settings = cls(path, schema)
        settings._values = settings._accept(settings._read())
        return settings

    def get(self, key: str) -> Value:
        """The value, or the default. Raises :class:`KeyError` for a key that is not in the schema."""
        return self._values.get(key, self.schema[key].default)

    def text(self, key: str) -> str:
        """The value of a setting that is a text."""
        return str(self.get(key))

    def number(self, key: str) -> float:
        """The value of a setting that is a number."""
        return float(self.get(key))

    def flag(self, key: str) -> bool:
        """The value of a setting that is on or off."""
        return bool(self.get(key))

    def set(self, key: str, value: Value) -> None:
        """Take and keep a value, and tell the listeners.

        Raises :class:`UserError` (``bad-setting``) when the schema refuses it or (``settings``) when the file cannot be
        written; nothing has changed then.
        """
        problem = self.schema[key].problem(value)
        if problem is not None:
            raise UserError(problem, tr("Choose another value."), code="bad-setting")
        if isinstance(self.schema[key].default, float):
            value = float(value)
        self._write(key, value)
        self._values[key] = value
        for listener in list(self._listeners):
            listener(key, value)

    def reset(self, key: str) -> None:
        """Go back to the default."""
        self.set(key, self.schema[key].default)

    def listen(self, listener: Callable[[str, Value], None]) -> Callable[[], None]:
        """Call ``listener(key, value)`` after every change made here; returns what ends that."""
        self._listeners.append(listener)

        def stop() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return stop

    def _accept(self, data: dict[str, Any]) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for key, value in data.items():
            setting = self.schema.get(key)
            if setting is None:
                continue
            problem = setting.problem(value)
            if problem is None:
                values[key] = value
            else:
                self.problems.append(f"{problem} The settings file says {value!r}; the default is used.")
        return values

    def _read(self) -> dict[str, Any]:
        try:
            return read_json(self.path)
        except FileNotFoundError:
            return {}
        except OSError as error:
            self.problems.append(f"The settings {self.path} could not be read ({error}); defaults are used.")
            return {}
        except ProtocolError as error:
            self._set_aside(error)
            return {}

    def _set_aside(self, error: ProtocolError) -> None:
        aside = self.path.with_name(f"{self.path.name}.broken-{time.strftime('%Y%m%d-%H%M%S')}")
        try:
            replace_file(self.path, aside)
        except OSError:
            self.problems.append(f"The settings {self.path} are damaged ({error}); defaults are used.")
            return
        self.problems.append(
            f"The settings {self.path} were damaged ({error}). They are kept as {aside.name}; defaults are used."
        )

    def _write(self, key: str, value: Value) -> None:
        """Change one key of the file as it is now: another window, or a newer version, may have written to it."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with OsLock(self.path.with_name(f".{self.path.name}.lock")):
                write_json(self.path, {**self._read(), key: value})
        except (OSError, TimeoutError) as error:
            raise UserError(
                tr("The setting could not be kept because {path} cannot be written.", path=self.path),
                tr("Check that its folder may be written and that the disk has free space."),
                str(error),
                "settings",
            ) from error
