"""One declarative settings schema and its storage."""
