"""One screen per question."""
