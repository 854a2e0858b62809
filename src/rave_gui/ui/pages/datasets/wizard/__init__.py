"""Making a dataset in four steps."""
