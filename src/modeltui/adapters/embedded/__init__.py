"""The embedded world: one SQLite file that is registry, metrics store and rollout system at once."""
