"""Documents that somebody else wrote, read within bounds: shared by the adapters that read files and cards.

`files` opens what lies below a folder, and nothing that leads out · `templates` paths with `{model}` and `{version}` ·
`json_text` and `yaml_text` parse · `look` finds its way in what was parsed, whatever is there · `words` makes it safe.
"""
