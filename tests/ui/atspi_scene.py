"""A window with a recorded way on a real (virtual) screen, brought into one scene after the other by lines on stdin.

Answers ``ready NAME`` once a scene is shown: form, running, finished, jobs, keys. Run by ``test_screen_reader.py``.
"""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication
from tests.helpers.replay import ReplayDriver
from tests.ui.test_quickstart_page import sounds_of

from rave_gui.paths import AppPaths
from rave_gui.ui.app import App
from rave_gui.viewmodels.memory import Memory


def main(folder: Path) -> int:
    """Show scenes until stdin ends."""
    qt = QApplication(sys.argv[:1])
    sounds_of(folder / "way")
    driver = ReplayDriver(folder / "way", until="training", limit=30)
    paths = AppPaths(folder / "data", folder / "config", folder / "cache")
    Memory(page="quickstart", project=str(folder / "project")).save(paths.config)
    app = App(qt, paths, "", lambda _services: driver)

    def until(true: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not true():
            if time.monotonic() > end:
                raise TimeoutError
            qt.processEvents()
            time.sleep(0.005)

    def settle() -> None:
        end = time.monotonic() + 1.0  # names reach the bus with Qt's own events
        until(lambda: time.monotonic() > end)

    def form() -> None:
        app.window.show()
        until(lambda: app.built and app.engine.known and app.window.isVisible())
        app.page("quickstart").form.demo.click()

    def running() -> None:
        app.engine.ready = True
        app.engine.changed.emit()
        app.page("quickstart").form.start.click()
        until(
            lambda: (
                app.page("quickstart").run_view is not None
                and len(app.page("quickstart").run_view.curves.panels) > 2
            )
        )

    def finished() -> None:
        app.page("quickstart").model.finish(
            driver.result(app.page("quickstart").model.request or driver.runs[-1][0])
        )
        until(lambda: bool(app.page("quickstart").run_view.listen.model.ready))

    scenes = {
        "form": form,
        "running": running,
        "finished": finished,
        "jobs": lambda: app.show_page("jobs"),
        "keys": app.show_shortcuts,
    }
    for name, show in scenes.items():
        if not sys.stdin.readline():
            break
        show()
        settle()
        print(f"ready {name}", flush=True)
        # The walker asks this process through the bus: keep answering until it is done.
        end = time.monotonic() + 120
        while not select.select([sys.stdin], [], [], 0)[0] and time.monotonic() < end:
            qt.processEvents()
            time.sleep(0.005)
    driver.release.set()
    app.window.close()
    app.themes.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
