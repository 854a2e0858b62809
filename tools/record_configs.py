"""Record what the engine says of configurations, for tests of the window that run without an engine.

    RAVE_GUI_ENGINE=ENVIRONMENT python tools/record_configs.py

Writes tests/helpers/recorded/configs.json: the index, one composition, three checks, the words of the editor's completion. Places on
this computer become ``@rave`` (RAVE's configurations) and ``@own`` (the user's).
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from tests.helpers.configs import BAD_LINES, BAD_OWN, LINES, OWN, RECORDED, STACK  # noqa: E402

from rave_gui.bootstrap import build  # noqa: E402
from rave_gui.configs import actions  # noqa: E402


def main() -> None:
    """Ask a real engine and write the file."""
    services = build()
    with tempfile.TemporaryDirectory(prefix="rave-gui-configs-") as temporary:
        own = Path(temporary) / f"{OWN}.gin"
        own.write_text(BAD_OWN, encoding="utf-8")

        def ask(method: str, **params: Any) -> dict[str, Any]:
            return actions._ask(services, method, params)

        stack = {"channels": 1, "n_signal": 131072}
        found: dict[str, Any] = {
            "index": ask("index", folders={"own": temporary}),
            "preview": ask("preview", configs=STACK, overrides=LINES, **stack),
            "check": ask("check", configs=STACK, overrides=LINES, **stack),
            "check_lines": ask("check", configs=STACK, overrides=BAD_LINES, **stack),
            "check_own": ask("check", configs=["v2", str(own)], texts={str(own): BAD_OWN}, **stack),
            "vocabulary": ask("vocabulary"),
        }
        rave = next(Path(i["path"]) for i in found["index"]["items"] if i["name"] == "v2").parent
        found["sources"] = {
            i["name"]: Path(i["path"]).read_text(encoding="utf-8")
            for i in found["index"]["items"]
            if i["name"] in ("v2", "causal", "wasserstein", "mute")
        }
        text = json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False)
    text = text.replace(rave.as_posix(), "@rave").replace(Path(temporary).as_posix(), "@own")
    RECORDED.write_text(text + "\n", encoding="utf-8")
    print(f"{RECORDED}: {len(text)} characters")


if __name__ == "__main__":
    main()
