"""Documents that somebody else wrote, read within bounds: shared by the adapters that read files and cards.

`files` opens what lies below a folder, and nothing that leads out · `templates` paths with `{model}` and `{version}` ·
`json_text` and `yaml_text` parse · `look` finds its way in what was parsed, whatever is there · `words` makes it safe,
`long_text` without losing what is not shown · `environments`, `mlmodel`, `front_matter` and `signed_manifest` read
files of a known kind · `metadata` and `values` make a provenance out of an object under any usual names ·
`one_teller` puts together what one source keeps in several places.
"""
