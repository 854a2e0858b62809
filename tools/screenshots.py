"""Drive the real window with a real small project and write every page, view and dialog as a PNG file.

    python tools/screenshots.py [--project FOLDER] [--output screenshots] [--only TEXT] [--themes light,dark] [--docs]

Each scene of tools/scenes.py: light and dark, 1440x900 and 1024x700, filled and empty, plus light at 150 % text and a few in high
contrast. Without ``--project`` a project with demo sounds is made and trained first (minutes; needs the engine). No screen is
needed. ``RAVE_GUI_LANGUAGE=fr`` shows the window in French. With ``--docs`` only the pictures that the documents show are taken, into docs/images.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from PySide6.QtCore import QCoreApplication, QEvent, QPoint  # noqa: E402
from PySide6.QtGui import QColor, QPainter, QPixmap  # noqa: E402
from PySide6.QtWidgets import QApplication, QDialog  # noqa: E402
from tools.scenes import BARE, EMPTY, FILLED, Scene, Tour  # noqa: E402

from rave_gui.bootstrap import build  # noqa: E402
from rave_gui.paths import AppPaths, default_paths  # noqa: E402
from rave_gui.projects import Project  # noqa: E402
from rave_gui.runtime.manager import EngineManager  # noqa: E402
from rave_gui.settings import speak  # noqa: E402
from rave_gui.ui.app import App  # noqa: E402

SIZES = {"large": (1440, 900), "small": (1024, 700)}
CONTRAST = ("home", "run-curves", "models", "gallery", "datasets")


@dataclass(frozen=True)
class Look:
    """How a row of pictures is taken."""

    theme: str
    size: str
    scale: int = 100

    def name(self, scene: Scene) -> str:
        """File name of a scene's picture."""
        scale = f"-{self.scale}" if self.scale != 100 else ""
        return f"{scene.name}-{self.theme}-{self.size}{scale}.png"


LOOKS = (
    Look("light", "large"),
    Look("dark", "large"),
    Look("light", "small"),
    Look("dark", "small"),
    Look("light", "large", 150),
    Look("high-contrast", "large"),
)


def wanted(scene: Scene, look: Look) -> bool:
    """Whether a scene is shown in a look."""
    if look.theme == "high-contrast":
        return scene.name in CONTRAST
    return not (scene.wide and look.size == "small")


class Camera:
    """Opens windows and takes their pictures."""

    def __init__(self, qt: QApplication, paths: AppPaths, output: Path, only: Callable[[str], bool]) -> None:
        self._qt, self._paths, self._output, self._only = qt, paths, output, only
        self.faults: list[str] = []

    def spin(self, until: Callable[[], bool] | None, seconds: float = 30.0) -> None:
        """Let Qt work until something is true (TimeoutError when it does not come), or with None for that long."""
        end = time.monotonic() + seconds
        while until is None or not until():
            if time.monotonic() > end:
                if until is None:
                    return
                raise TimeoutError("the window did not get where the picture needs it")
            self._qt.processEvents()
            time.sleep(0.005)

    def shoot(self, project: Path | None, chosen: Iterable[Scene], looks: Iterable[Look] = LOOKS) -> None:
        """Every scene in every look; one window for each look."""
        for look in looks:
            rows = [scene for scene in chosen if wanted(scene, look) and self._only(look.name(scene))]
            if rows:
                self._row(project, rows, look)

    def _row(self, project: Path | None, rows: list[Scene], look: Look) -> None:
        app = App(self._qt, self._paths, str(project) if project else "")
        app.memory.project = str(project or "")
        app.memory.welcomed = project is not None
        app.themes.set_choice(look.theme)
        app.themes.set_scale(look.scale)
        app.window.resize(*SIZES[look.size])
        app.window.show()
        self.spin(
            lambda: app.built and app.engine.known and (project is None or app.session.project is not None)
        )
        self.spin(None, 2.0)
        tour = Tour(app, project or Path(), self.spin)
        for scene in rows:
            print(look.name(scene), flush=True)
            try:
                scene.arrange(tour)
                self._take(app).save(str(self._output / look.name(scene)))
            except Exception as error:  # noqa: BLE001 - one scene that fails must not hide the others
                self.faults.append(f"{look.name(scene)}: {error!r}")
                print(f"  {error!r}", flush=True)
            for dialog in self._dialogs():
                dialog.close()
            self.spin(None, 0.1)
        app.window.close()
        app.window.deleteLater()
        app.themes.close()
        app.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def _dialogs(self) -> list[QDialog]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]

    def _take(self, app: App) -> QPixmap:
        """The window with the dialog in front of it, as a desktop shows them."""
        picture = app.window.grab()
        dialogs = self._dialogs()
        if dialogs:
            front = dialogs[-1].grab()
            ratio = picture.devicePixelRatio()
            left = round((picture.width() - front.width()) / 2 / ratio)
            top = max(0, round((picture.height() - front.height()) / 2 / ratio))
            painter = QPainter(picture)
            painter.fillRect(picture.rect(), QColor(0, 0, 0, 90))
            painter.drawPixmap(QPoint(left, top), front)
            painter.setPen(QColor(app.themes.theme.colors.control))
            painter.drawRect(left, top, round(front.width() / ratio) - 1, round(front.height() / ratio) - 1)
            painter.end()
        return picture


def make_project(project: Path, steps: int) -> None:
    """The whole way with demo sounds, then a second, shorter training on the same dataset."""
    from rave_gui import quickstart
    from rave_gui.configs.actions import preset
    from rave_gui.training import actions

    services = build()
    quickstart.run(services, [], project, "tiny", steps, lambda stage, _update: print(stage, flush=True))
    opened = Project.open(project)
    fields = {**preset("tiny", max(200, steps // 3)), "seed": 1}
    job = actions.start(services, opened, opened.items("dataset")[0].name, fields, name="Second try")
    services.jobs.wait(job.id)


def move_home(home: Path) -> None:
    """The user's engine, but neither the user's settings nor the last window nor recent projects."""
    os.environ.setdefault("RAVE_GUI_ENGINE", str(EngineManager(default_paths()).python().parent.parent))
    os.environ["RAVE_GUI_HOME"] = str(home)


def shown_in_documents() -> set[str]:
    """File names of the pictures that README and documents show."""
    texts = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    return {
        name
        for path in texts
        for name in re.findall(r"images/([\w.-]+\.png)", path.read_text(encoding="utf-8"))
    }


def main() -> int:
    """Take the pictures; 0 when every scene could be shown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--project", type=Path, help="a project with datasets, runs and exports; it is not changed"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "screenshots")
    parser.add_argument(
        "--steps", type=int, default=1000, help="steps of the training when no project is given"
    )
    parser.add_argument("--only", default="", help="only pictures whose name contains this")
    parser.add_argument("--themes", default="", help="only these themes, with commas between")
    parser.add_argument("--docs", action="store_true", help="the pictures of the documents, into docs/images")
    options = parser.parse_args()
    output = ROOT / "docs" / "images" if options.docs else options.output
    output.mkdir(parents=True, exist_ok=True)
    needed = shown_in_documents() if options.docs else set()
    themes = set(filter(None, options.themes.split(",")))

    def only(name: str) -> bool:
        if options.docs and name not in needed and not (name == HERO and "window.png" in needed):
            return False
        return options.only in name and (not themes or any(f"-{theme}-" in name for theme in themes))

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        move_home(Path(scratch) / "home")
        speak(default_paths().config)
        project = options.project
        if project is None:
            project = Path(scratch) / "Kitchen percussion"
            make_project(project, options.steps)
        empty = Path(scratch) / "My first project"
        Project.open(empty, create=True)
        camera = Camera(QApplication([]), default_paths(), output, only)
        camera.shoot(project.absolute(), FILLED)
        camera.shoot(empty, EMPTY)
        camera.shoot(None, BARE)
        hero = output / HERO
        if options.docs and hero.exists():
            (output / "window.png").write_bytes(hero.read_bytes())
            if HERO not in needed:
                hero.unlink()
    for fault in camera.faults:
        print(fault, file=sys.stderr)
    return 1 if camera.faults else 0


HERO = "run-curves-light-large.png"
"""The picture that README opens with."""


if __name__ == "__main__":
    sys.exit(main())
