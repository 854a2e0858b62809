"""The engine's answers about configurations, as ``tools/record_configs.py`` recorded them, for tests without an engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).resolve().parent / "recorded" / "configs.json"
STACK = ["v2", "causal"]
LINES = ["CAPACITY = 48"]
BAD_LINES = ["CAPACITY = 48", "LATENT_SIZ = 4"]
OWN = "my_model"
BAD_OWN = """# warm strings
from __gin__ import dynamic_registration
from rave import blocks

CAPACITY = 48
LATENT_SIZE = 'x'
blocks.EncoderV2.adainn = 3
"""
GOOD_OWN = "# warm strings\nCAPACITY = 48\n"


class Answers:
    """Takes the place of ``configs.actions._ask``; :attr:`asked` holds every question."""

    def __init__(self, folder: Path) -> None:
        """``folder``: where the texts of RAVE's configurations are put."""
        self._rave = folder / "rave configs"
        self._rave.mkdir(parents=True, exist_ok=True)
        text = RECORDED.read_text(encoding="utf-8")
        self.found: dict[str, Any] = json.loads(text.replace("@rave", self._rave.as_posix()))
        for item in self.found["index"]["items"]:
            if item["origin"] == "rave":
                path = Path(item["path"])
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self.found["sources"].get(item["name"], "# not recorded\n"), encoding="utf-8")
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, _services: Any, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """One answer."""
        self.asked.append((method, params))
        answer: Callable[[dict[str, Any]], Any] = getattr(self, f"_{method}")
        found: dict[str, Any] = answer(params)
        return found

    def _index(self, params: Mapping[str, Any]) -> dict[str, Any]:
        items = [item for item in self.found["index"]["items"] if item["origin"] == "rave"]
        like = next(item for item in self.found["index"]["items"] if item["origin"] == "own")
        for origin, folder in params["folders"].items():
            for path in sorted(Path(folder).glob("*.gin")) if Path(folder).is_dir() else []:
                items.append({**like, "name": path.stem, "path": str(path), "origin": origin})
        return {"items": items}

    def _preview(self, _params: Mapping[str, Any]) -> Any:
        return self.found["preview"]

    def _check(self, params: Mapping[str, Any]) -> Any:
        for path, text in (params.get("texts") or {}).items():
            if "adainn" in text:
                return json.loads(json.dumps(self.found["check_own"]).replace(f"@own/{OWN}.gin", path))
        return self.found["check_lines" if params["overrides"] == BAD_LINES else "check"]

    def _vocabulary(self, _params: Mapping[str, Any]) -> Any:
        return self.found["vocabulary"]
