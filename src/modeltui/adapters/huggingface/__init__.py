"""Hugging Face Hub, or one that speaks its language, as a registry: repositories are models, revisions versions.

`options` · `wire` what it answers · `api` how it is asked · `revisions` which revisions are versions, and which
pointers · `card` facts of a model card · `evaluations` metrics in it · `small_files` configuration files ·
`telling` a revision's provenance · `registry` the port.
"""
