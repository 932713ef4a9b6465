"""A git repository as a registry: versions and stages are tags as GTO makes them, provenance is what was committed.

`tags` what a tag says · `state` what all tags together mean now · `layout` which files of a commit tell something ·
`pipeline` DVC's own files · `documents` files that people write · `installed` what is installed · `provenance` all of
them as one · `registry` and `history` the ports. Neither GTO nor DVC is needed to read them.
"""
