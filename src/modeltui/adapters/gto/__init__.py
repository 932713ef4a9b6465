"""A git repository as a registry: versions and stages are tags as GTO makes them, provenance is what was committed.

`tags` what a tag says · `state` what all tags together mean now · `layout` which files of a commit tell something ·
`pipeline` and `dvc_facts` DVC's own files · `artifacts` the bytes · `documents` files that people write · `installed`
what is installed · `facts` how it is told · `provenance` all of it as one · `reading` what is kept between questions ·
`registry` and `history` the ports. Neither GTO nor DVC is needed to read them.
"""
