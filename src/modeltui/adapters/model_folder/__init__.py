"""A folder as a registry, for teams that keep models as files: on a disk, in Git with LFS, beside DVC.

    models/fraud-detector/v1.1/model.pt
                               metadata.json        who, when, and any field of a provenance
                               requirements.txt     or conda.yaml, python_env.yaml
                               features.sql         the query that extracted the data
                               prompts/system.txt
                               golden_cases.json    answers on saved cases, by the name of the case
                               README.md            the model card
    models/fraud-detector/latest -> v1.1/           a link is a pointer, like an alias

`folder` what is there, and which links mean something · `files` reads small ones · `digests` hashes large ones in
instalments · `packages`, `texts` and `provenance` what a version says of itself · `registry` the port.
"""
