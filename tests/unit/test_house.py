"""The rules of the house that no linter knows, and proof that those a linter knows would be caught when broken."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SRC = ROOT / "src"
CODE_FOLDERS = ("src", "tests", "tools", "benchmarks", "packaging")
QT = {"PySide6", "shiboken6", "pyqtgraph"}
DOMAINS = ("configs", "datasets", "training", "models", "exports", "play")
MAX_LINES = 600
LINK = re.compile(r"(?<!\\)\[[^\]\n]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
# Written in pieces, so that this file does not contain what it looks for.
FOREIGN_PATHS = re.compile(
    "|".join((r"(?<![\w.])/" + r"work/", "/tmp" + "/eng", "/home" + r"/[a-z]+/", r"C:\\" + r"Users\\[a-z]"))
)


def python_files() -> list[Path]:
    """Every Python file of ours."""
    files = [path for folder in CODE_FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return sorted([*files, *ROOT.glob("*.py")])


def tracked_files() -> list[Path]:
    """What git would commit; outside a checkout (a source archive) every file that is no build output."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached"], cwd=ROOT, capture_output=True, check=True
        ).stdout
        return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]
    return [*python_files(), *documents()]


def documents() -> list[Path]:
    """Every Markdown file of ours."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").rglob("*.md")])


def imports(path: Path) -> set[str]:
    """Dotted names that a file imports anywhere, functions included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def relative(path: Path) -> str:
    """The path as a person would write it."""
    return path.relative_to(ROOT).as_posix()


def test_files_stay_short() -> None:
    long = {relative(p): n for p in python_files() if (n := len(p.read_bytes().splitlines())) > MAX_LINES}
    assert not long, f"over {MAX_LINES} lines: split them"


def test_every_module_says_what_it_is() -> None:
    silent = [
        relative(path)
        for path in python_files()
        if path.read_bytes().strip()
        and ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]
    assert not silent, "these modules have no docstring"


def test_translatable_strings_are_literal() -> None:
    """A string put together before it is looked up is never found in a translation."""
    wrong = []
    for path in (SRC / "rave_gui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("tr", "_", "translate") and any(isinstance(arg, ast.JoinedStr) for arg in node.args):
                wrong.append(f"{relative(path)}:{node.lineno}")
    assert not wrong, "f-string inside a translation call"


def test_only_ui_imports_qt() -> None:
    wrong = [
        relative(path)
        for path in SRC.rglob("*.py")
        if SRC / "rave_gui" / "ui" not in path.parents
        and QT & {name.partition(".")[0] for name in imports(path)}
    ]
    assert not wrong, "Qt is imported outside rave_gui/ui"


def test_the_protocol_is_standard_library_only() -> None:
    allowed = {*sys.stdlib_module_names, "rave_protocol"}
    foreign = {
        relative(path): sorted({name.partition(".")[0] for name in imports(path)} - allowed)
        for path in (SRC / "rave_protocol").rglob("*.py")
    }
    assert not {path: names for path, names in foreign.items() if names}


def test_domains_meet_only_in_their_actions() -> None:
    wrong = []
    for domain in DOMAINS:
        others = {f"rave_gui.{other}" for other in DOMAINS if other != domain}
        for path in (SRC / "rave_gui" / domain).rglob("*.py"):
            for name in imports(path):
                parts = name.split(".")
                if ".".join(parts[:2]) in others and parts[2:3] != ["actions"]:
                    wrong.append(f"{relative(path)} imports {name}")
    assert not wrong


def test_no_path_of_a_development_machine() -> None:
    wrong = []
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        wrong += [f"{relative(path)}: {found.group()}" for found in FOREIGN_PATHS.finditer(text)]
    assert not wrong


def anchors(path: Path) -> set[str]:
    """The anchors that a Markdown file's headings make."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+\s+(.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", documents(), ids=relative)
def test_links_in_documents_lead_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    dead = []
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = unquote(target).partition("#")
        file = (path.parent / name) if name else path
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            dead.append(target)
    assert not dead


def test_the_documentation_site_names_every_page_it_has() -> None:
    """Pages that the site's navigation lists exist, and no user or developer page is left out of it."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = set(re.findall(r"[\w./-]+\.md", text[text.index("\nnav:") :]))
    present = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert listed <= present, "the navigation lists pages that do not exist"
    assert present <= listed, "these pages are in no navigation"


def layer_contracts(tmp_path: Path, broken: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run our own import contracts over a copy of our packages in which some files have other contents."""
    for package in ("rave_gui", "rave_engine", "rave_protocol"):
        shutil.copytree(SRC / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in broken.items():
        file = tmp_path / name
        file.write_text(f"{file.read_text(encoding='utf-8')}\n{text}\n", encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    program = Path(sysconfig.get_path("scripts")) / (
        "lint-imports.exe" if sys.platform == "win32" else "lint-imports"
    )
    return subprocess.run(
        [sys.executable, str(program), "--no-cache"]
        if program.suffix != ".exe"
        else [str(program), "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


BREAKS = {
    "Layers": {"rave_gui/runtime/__init__.py": "import rave_gui.jobs"},
    "Only ui imports Qt": {"rave_gui/viewmodels/__init__.py": "import PySide6.QtCore"},
    "The application never imports the engine": {"rave_gui/jobs/__init__.py": "import rave_engine.errors"},
    "The engine knows the protocol and nothing else of ours": {
        "rave_engine/errors.py": "import rave_gui.errors"
    },
    "The protocol knows nobody": {"rave_protocol/codec.py": "import rave_engine.errors"},
    "Domains meet only in each other's actions": {
        "rave_gui/models/__init__.py": "import rave_gui.configs.presets"
    },
}


def test_import_contracts_hold_and_each_fails_when_broken(tmp_path: Path) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    assert {contract["name"] for contract in declared} == set(BREAKS), (
        "a contract without a proof that it fails"
    )
    whole = layer_contracts(tmp_path / "whole", {})
    assert whole.returncode == 0, whole.stdout + whole.stderr
    every: dict[str, str] = {}
    for broken in BREAKS.values():
        every.update(broken)
    result = layer_contracts(tmp_path / "broken", every)
    assert result.returncode == 1
    for name in BREAKS:
        assert re.search(rf"{re.escape(name)} BROKEN", result.stdout), f"{name!r} did not notice"


def test_qt_is_really_out_of_reach_in_the_run_without_qt() -> None:
    """The plugin of that run blocks, in a process of its own: here Qt may already be imported."""
    program = (
        "import tests.helpers.noqt\n"
        "for name in ('PySide6.QtCore', 'pyqtgraph', 'pytestqt.plugin'):\n"
        "    try:\n"
        "        __import__(name)\n"
        "    except ModuleNotFoundError as error:\n"
        "        print('blocked', error.name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["blocked", "PySide6", "blocked", "pyqtgraph", "blocked", "pytestqt"]
