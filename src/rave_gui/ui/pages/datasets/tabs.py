"""The parts of the view of one dataset."""

from __future__ import annotations

from rave_gui.ui.i18n import tr

TABS = ("overview", "map", "chunks", "sources", "health")
TAB_ICONS = {
    "overview": "chart-bar",
    "map": "chart-scatter",
    "chunks": "list-music",
    "sources": "file-music",
    "health": "shield-check",
}
"""Key of a part: its picture."""
TARGETS = {
    "overview": "overview:OverviewTab",
    "map": "map_view:MapTab",
    "chunks": "chunks:ChunksTab",
    "sources": "sources:SourcesTab",
    "health": "health:HealthTab",
}
"""Key of a part: module and class, imported when it is first shown."""


def tab_names() -> dict[str, str]:
    """Key of a part: its name."""
    return {
        "overview": tr("Overview"),
        "map": tr("Sound map"),
        "chunks": tr("Chunks"),
        "sources": tr("Recordings"),
        "health": tr("Health"),
    }
