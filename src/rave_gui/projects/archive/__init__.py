"""A whole project in one file (``.ravegui``): a zip with a manifest that lists every entry with its size and SHA-256."""
