"""What every command shares: the two outputs, exit codes, and errors in words or as one JSON object."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import shlex
import subprocess
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from rave_gui.errors import JobError, UserError
from rave_protocol.codec import dumps

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services

DONE, FAILED, USAGE, FIXABLE = 0, 1, 2, 3
"""Exit codes: done, failed, wrong usage, something the user can fix."""


@dataclass
class Output:
    """What a command has to say: ``data`` with ``--json``, otherwise ``text``. ``code`` is the exit code."""

    data: dict[str, Any]
    text: str = ""
    code: int = DONE


@dataclass
class Console:
    """The two streams of one call. In JSON mode nothing but objects made here reaches standard output."""

    json: bool
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    _services: Services | None = None

    @property
    def services(self) -> Services:
        """Every object of the application, built when the first command needs one."""
        if self._services is None:
            from rave_gui.bootstrap import build

            self._services = build()
        return self._services

    @property
    def live(self) -> bool:
        """Whether a person watches standard error, so that a line may be redrawn."""
        return bool(self.err.isatty())

    def say(self, text: str) -> None:
        """A line for a person, on standard error."""
        print(harmless(text), file=self.err, flush=True)

    def show(self, output: Output) -> int:
        """Print a finite command's outcome; its exit code."""
        if self.json:
            self.line(output.data)
        elif output.text:
            print(harmless(output.text), file=self.out, flush=True)
        return output.code

    def line(self, data: dict[str, Any]) -> None:
        """One JSON object on one line of standard output; NaN and infinities are null."""
        print(dumps(data), file=self.out, flush=True)

    def fail(self, error: dict[str, str], code: int) -> int:
        """Say what went wrong: an object on standard output in JSON mode, words on standard error otherwise."""
        if self.json:
            self.line({"error": error})
            return code
        self.say(f"Error: {error['message']}")
        if error["hint"]:
            self.say(error["hint"])
        if error["details"] and (code == FAILED or os.environ.get("RAVE_GUI_DETAILS")):
            self.say(error["details"].rstrip())
        return code


pass_console = click.make_pass_decorator(Console)

json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    expose_value=False,
    help="Print exactly one JSON object on standard output (also for errors).",
)
lines_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    expose_value=False,
    help="Print one JSON object a line on standard output.",
)
project_option = click.option(
    "--project",
    "-p",
    required=True,
    metavar="FOLDER",
    help="The project's folder; it is made when it is not there.",
)
existing_project_option = click.option(
    "--project", "-p", required=True, metavar="FOLDER", help="The project's folder."
)
any_project_option = click.option("--project", "-p", metavar="FOLDER", help="Only this project.")


def wants_json(args: list[str]) -> bool:
    """Whether ``--json`` was given (before a ``--`` that ends the options), known before anything is parsed."""
    end = args.index("--") if "--" in args else len(args)
    return "--json" in args[:end]


def shell(path: str | Path) -> str:
    """A path as it is typed after a command, quoted where its shell needs it."""
    return subprocess.list2cmdline([str(path)]) if sys.platform == "win32" else shlex.quote(str(path))


_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """A text without what steers a terminal (names of files may hold it); line ends and tabs stay."""
    return _STEERING.sub("\N{REPLACEMENT CHARACTER}", text)


def one_line(name: str) -> str:
    """A name of a file as it stands in a list: without line ends as well."""
    return harmless(name.replace("\n", "\x00").replace("\t", "\x00"))


def use_utf8() -> None:
    """UTF-8 on all streams whatever the locale says; names that are not text survive as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


@contextlib.contextmanager
def quiet_stdout(console: Console) -> Iterator[None]:
    """In JSON mode, whatever a library prints goes to standard error."""
    if not console.json:
        yield
        return
    with contextlib.redirect_stdout(console.err):
        yield


def guarded(console: Console, command: click.Command, args: list[str]) -> int:
    """Run ``command`` and turn every way it can end into output and an exit code."""
    try:
        with quiet_stdout(console):
            outcome = command.main(args=args, prog_name="rave-gui", standalone_mode=False, obj=console)
        if isinstance(outcome, Output):
            return console.show(outcome)
        return outcome if isinstance(outcome, int) else DONE
    except click.ClickException as error:
        return _usage(console, error)
    except UserError as error:
        return console.fail(_for_terminal(error.to_json(), "JOB"), FIXABLE)
    except JobError as error:
        return console.fail(
            _for_terminal(error.to_json(), error.job or "JOB"), FIXABLE if error.user else FAILED
        )
    except (click.Abort, KeyboardInterrupt):
        return console.fail(_error("aborted", "Stopped by the keyboard."), FAILED)
    except BrokenPipeError:
        # The reader of our output left (for example “| head”): nothing more can be said there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED
    except OSError as error:
        return _system(console, error)
    except Exception as error:  # noqa: BLE001 - the last frame: a fault must still give its one object and exit code
        return console.fail(
            _error(
                "bug",
                f"{type(error).__name__}: {error}",
                "This is a fault of the program: please report it with these details.",
                traceback.format_exc(),
            ),
            FAILED,
        )


def _error(code: str, message: str, hint: str = "", details: str = "") -> dict[str, str]:
    return {"code": code, "message": message, "hint": hint, "details": details}


def _for_terminal(error: dict[str, str], job: str) -> dict[str, str]:
    """What the window's button does is a command here."""
    command = f"“rave-gui jobs retry {job}”"
    hint = error["hint"].replace("Press Retry", f"Run {command}").replace("press Retry", f"run {command}")
    return {**error, "hint": hint}


def _usage(console: Console, error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "rave-gui"
    message = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":  # a class of click 8.2; its message is the whole help
        if not console.json:
            console.say(message)
            return USAGE
        message = "A command is missing."
    return console.fail(_error("usage", message, f"Try: {path} --help"), USAGE)


def _system(console: Console, error: OSError) -> int:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno == errno.ENOSPC:
        found = _error("disk-full", f"The disk is full{where}.", "Free some space and try again.", str(error))
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        found = _error(
            "not-writable",
            f"Not allowed to read or write there{where}.",
            "Choose another folder or change its permissions.",
            str(error),
        )
    else:
        found = _error(
            "system",
            f"The operating system refused: {error}.",
            "Check the paths and try again.",
            traceback.format_exc(),
        )
    return console.fail(found, FIXABLE)
