"""Git repositories as the history of code: what was committed between two versions of a model."""
