"""Numbered steps that bring a project's database to the present schema.

A released step is never edited: add the next one, and a fixture database of the schema before it to the tests.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

MIGRATIONS: tuple[str, ...] = (
    # 1: what the first version knows. The folders are the truth; a row says what a folder cannot: which job made it,
    # what it was made from, and facts that take long to read. Paths are relative to the project unless outside of it.
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE items (
        kind TEXT NOT NULL CHECK (kind IN ('dataset', 'run', 'export', 'take')),
        name TEXT NOT NULL,
        path TEXT NOT NULL,
        created REAL NOT NULL,
        job TEXT,
        parent TEXT,
        info TEXT NOT NULL DEFAULT '{}',
        PRIMARY KEY (kind, name)
    );
    CREATE INDEX items_by_job ON items (job);
    """,
    # 2: tags; facts that take long to read, believed while ``stamp`` (times of folders) fits; and a number for each kind that
    # grows with every change, so that another window sees at once what it has to read again.
    """
    CREATE TABLE tags (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        tag TEXT NOT NULL,
        PRIMARY KEY (kind, name, tag)
    );
    CREATE TABLE facts (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        stamp TEXT NOT NULL,
        data TEXT NOT NULL,
        PRIMARY KEY (kind, name)
    );
    CREATE TABLE revisions (kind TEXT PRIMARY KEY, number INTEGER NOT NULL);
    INSERT INTO revisions VALUES ('dataset', 0), ('run', 0), ('export', 0), ('take', 0), ('project', 0);
    CREATE TRIGGER items_added AFTER INSERT ON items BEGIN
        UPDATE revisions SET number = number + 1 WHERE kind = NEW.kind;
    END;
    CREATE TRIGGER items_changed AFTER UPDATE ON items BEGIN
        UPDATE revisions SET number = number + 1 WHERE kind = NEW.kind;
    END;
    CREATE TRIGGER items_removed AFTER DELETE ON items BEGIN
        UPDATE revisions SET number = number + 1 WHERE kind = OLD.kind;
    END;
    CREATE TRIGGER tags_added AFTER INSERT ON tags BEGIN
        UPDATE revisions SET number = number + 1 WHERE kind = NEW.kind;
    END;
    CREATE TRIGGER tags_removed AFTER DELETE ON tags BEGIN
        UPDATE revisions SET number = number + 1 WHERE kind = OLD.kind;
    END;
    CREATE TRIGGER meta_added AFTER INSERT ON meta BEGIN
        UPDATE revisions SET number = number + 1 WHERE kind = 'project';
    END;
    CREATE TRIGGER meta_changed AFTER UPDATE ON meta BEGIN
        UPDATE revisions SET number = number + 1 WHERE kind = 'project';
    END;
    """,
)

SCHEMA = len(MIGRATIONS)
"""Version written to ``PRAGMA user_version``."""


def statements(script: str) -> Iterator[str]:
    """The statements of one step, each whole: a trigger has semicolons inside."""
    held = ""
    for piece in script.split(";"):
        held += piece + ";"
        if sqlite3.complete_statement(held):
            if held.strip(" \n;"):
                yield held
            held = ""
    if held.strip(" \n;"):
        yield held
