"""A folder as a registry, for teams that keep models as files: on a disk, in Git with LFS, beside DVC.

    models/fraud-detector/v1.1/{model.pt, metadata.json, requirements.txt, README.md}
    models/fraud-detector/latest -> v1.1/        a link is a pointer, like an alias

`folder` what is there, and which links mean something · `files` opens a file without leaving the folder · `digests`
hashes large files in instalments · `packages`, `texts` and `provenance` what a version says of itself · `registry`
the port.
"""
