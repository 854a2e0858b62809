"""The user's projects as a whole: create, open, rename, delete, archive, adopt."""
