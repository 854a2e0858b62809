"""Databases of every schema that was ever released open, keep what they hold, and are kept themselves."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rave_gui.projects import Store
from rave_gui.projects.migrations import MIGRATIONS, SCHEMA, statements
from rave_gui.projects.store import stored_schema

FIXTURES = Path(__file__).parent / "fixtures"


def test_every_schema_has_a_database() -> None:
    found = sorted(path.name for path in FIXTURES.glob("project-schema-*.db"))
    assert found == [f"project-schema-{number}.db" for number in range(1, SCHEMA + 1)]
    for number in range(1, SCHEMA + 1):
        assert stored_schema(FIXTURES / f"project-schema-{number}.db") == number


@pytest.mark.parametrize("schema", range(1, SCHEMA + 1))
def test_a_database_of_each_schema_opens_with_all_it_holds(schema: int, tmp_path: Path) -> None:
    path = tmp_path / "project.db"
    shutil.copy(FIXTURES / f"project-schema-{schema}.db", path)
    opened = Store(path)
    assert opened.meta("id") == "0123456789abcdef0123456789abcdef"
    assert stored_schema(path) == SCHEMA
    assert [(r.kind, r.name) for r in opened.all_items()] == [
        ("dataset", "drums"),
        ("run", "drums-tiny"),
        ("export", "drums-tiny"),
        ("dataset", "elsewhere"),
    ]
    opened.tag("dataset", "drums", ["wet", " wet ", ""])
    assert opened.tags("dataset") == {"drums": ["wet"]}
    opened.set_info("run", "drums-tiny", {"note": "x", "seconds": None})
    record = opened.get("run", "drums-tiny")
    assert record is not None
    assert record.info["note"] == "x"
    backups = list(tmp_path.glob("project.db.backup-*"))
    assert len(backups) == (schema < SCHEMA)
    for backup in backups:
        assert stored_schema(backup) == schema


def test_a_statement_with_semicolons_inside_stays_whole() -> None:
    script = "CREATE TABLE a (x); CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET x = 1; DELETE FROM a; END;\n"
    assert len(list(statements(script))) == 2
    for step in MIGRATIONS:
        with closing(sqlite3.connect(":memory:")) as db:
            for statement in statements(step) if step is MIGRATIONS[0] else ():
                db.execute(statement)
        assert all(sqlite3.complete_statement(text) for text in statements(step))


def test_what_a_thing_is_called_changes_everywhere(tmp_path: Path) -> None:
    store = Store(tmp_path / "project.db")
    store.register("dataset", "a", tmp_path / "datasets" / "a", info={"n": 1})
    store.register("run", "r", tmp_path / "runs" / "r", parent="a")
    store.tag("dataset", "a", ["t"])
    store.rename("dataset", "a", "b", tmp_path / "datasets" / "b")
    assert [(r.name, r.path) for r in store.items("dataset")] == [("b", tmp_path / "datasets" / "b")]
    assert store.tags("dataset") == {"b": ["t"]}
    assert store.items("run")[0].parent == "b"
    store.forget("dataset", "b")
    assert store.tags("dataset") == {}
