"""CycloneDX bills of material for models (ML-BOM, 1.5 to 1.7, JSON), one for each version or one for many.

`documents` finds and reads them · `component` finds the model in one · `telling` what it says · `libraries` what it
runs with · `provenance` the port.
"""
