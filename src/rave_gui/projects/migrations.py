"""Numbered steps that bring a project's database to the present schema.

A released step is never edited: add the next one, and a fixture database of the schema before it to the tests.
"""

from __future__ import annotations

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
)

SCHEMA = len(MIGRATIONS)
"""Version written to ``PRAGMA user_version``."""
