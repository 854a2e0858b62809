"""Play sound through exported models (first pages arrive with the play issue)."""
