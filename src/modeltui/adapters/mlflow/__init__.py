"""MLflow as a registry, over plain REST: 2.x and 3.x, with or without accounts. No mlflow package is needed.

`wire` what it answers, as types · `api` how it is asked · `paging` lists in pages · `files` the files of a version ·
`places` which tag or parameter means which field · `provenance` parts become one value · `registry` the port.
"""
