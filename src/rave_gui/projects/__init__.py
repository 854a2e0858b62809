"""The project folder, its SQLite store and migrations."""
