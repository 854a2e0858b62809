"""Walk one application's tree as a screen reader sees it; run by the system's Python, which has the bindings.

Prints one JSON object a line: role, name, states and where it is, for everything that is shown.
"""

import json
import sys

import gi  # type: ignore[import-not-found, import-untyped, unused-ignore]

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # type: ignore[import-not-found, import-untyped, unused-ignore]  # noqa: E402

STATES = {
    "focusable": Atspi.StateType.FOCUSABLE,
    "showing": Atspi.StateType.SHOWING,
    "visible": Atspi.StateType.VISIBLE,
}


def walk(node: "Atspi.Accessible", trail: list[tuple[str, str]]) -> None:
    """Print ``node`` and what is in it."""
    states = node.get_state_set()
    found = [name for name, state in STATES.items() if states.contains(state)]
    role = node.get_role_name()
    name = node.get_name() or ""
    roles = [part for part, _name in trail]
    names = [f"{part} “{text}”" if text else part for part, text in trail]
    print(json.dumps({"role": role, "name": name, "states": found, "in": roles, "path": names}))
    if trail and "showing" not in found:
        return  # nothing in it is shown, and every question takes a trip to the other process
    place = [*trail, (role, name)]
    for index in range(min(node.get_child_count(), 500)):
        child = node.get_child_at_index(index)
        if child is not None:
            walk(child, place)


Atspi.init()
desktop = Atspi.get_desktop(0)
for index in range(desktop.get_child_count()):
    application = desktop.get_child_at_index(index)
    if application is not None and application.get_process_id() == int(sys.argv[1]):
        walk(application, [])
