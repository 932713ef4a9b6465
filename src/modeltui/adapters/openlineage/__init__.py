"""OpenLineage: what jobs said of their runs, from files with one event a line or from a server such as Marquez.

`options` · `events` one event as sent · `runs` events of one run merged, and all runs that are known · `following`
reads files as they grow · `matching` which run made a version · `upstream` the jobs that made its inputs · `telling`
a run becomes a provenance · `files` and `marquez` where runs come from · `provenance` the port.
"""
