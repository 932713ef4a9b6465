"""Which run made a version: by the run that a registry names, by what it wrote, or by what it says of itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from modeltui.adapters._documents.look import at, list_at, text_at, text_of
from modeltui.adapters.openlineage.options import Options
from modeltui.adapters.openlineage.runs import Run, Runs, facet, run_key
from modeltui.domain.lineage import Contradicted, Known, Provenance
from modeltui.domain.names import Instant, Unknown


class How(Enum):
    """How a run was found."""

    REGISTRY = "the registry names it"
    CLAIM = "it says which version it made"


@dataclass(frozen=True, slots=True)
class Match:
    """The run that made a version."""

    run: Run
    how: How
    rivals: tuple[Run, ...] = ()
    """Other runs that ended well and claim the same version."""


def find(runs: Runs, options: Options, model: str, version: str, named: Sequence[str]) -> Match | None:
    """Return the run that made a version; `named` are the runs that registries know."""
    claiming = list(_claiming(runs, options, model, version))
    by_name = [run for run_id in named if (run := runs.get(run_id)) is not None]
    found = by_name or claiming
    if not found:
        return None
    chosen = max(found, key=_standing)
    rivals = tuple(run for run in claiming if run.is_complete and run_key(run.id) != run_key(chosen.id))
    return Match(chosen, How.REGISTRY if by_name else How.CLAIM, rivals)


def runs_named(known: Provenance) -> tuple[str, ...]:
    """Return the runs that registries name."""
    match known.run:
        case Known(value=value):
            return (value,)
        case Contradicted(claims=claims):
            return tuple(claim.value for claim in claims)
    return ()


def version_in(facets: dict[str, bytes]) -> str:
    """Return the version that a data set's facet tells; empty when it tells none."""
    return text_at(facet(facets, "version"), "datasetVersion")


def model_names(options: Options, model: str, version: str) -> dict[str, bool]:
    """Return what a model's data set may be called, and whether the name alone says the version."""
    return {
        template.replace("{model}", model).replace("{version}", version): "{version}" in template
        for template in options.model_datasets
    }


def _claiming(runs: Runs, options: Options, model: str, version: str) -> Iterator[Run]:
    names = model_names(options, model, version)
    by_output = [run for run in runs.with_output(names) if _wrote(run, names, options.namespaces, version)]
    yield from by_output
    if by_output:
        return
    wanted = version.encode()
    asked = frozenset(_facet_name(place) for place in options.version_places)
    for run in runs:
        blobs = (facets[name] for facets in (run.facets, run.job_facets) for name in asked & facets.keys())
        if any(wanted in blob for blob in blobs) and _says(run, options, model, version, names):
            yield run


def _facet_name(place: str) -> str:
    kind, _, name = place.partition(":")
    return "tags" if kind == "tag" else name.partition(".")[0]


def _wrote(run: Run, names: dict[str, bool], namespaces: tuple[str, ...], version: str) -> bool:
    for dataset, facets in run.outputs.items():
        if dataset.name not in names or (namespaces and dataset.namespace not in namespaces):
            continue
        if names[dataset.name] or version_in(facets) == version:
            return True
    return False


def _says(run: Run, options: Options, model: str, version: str, names: Iterable[str]) -> bool:
    whole = {f"{model}{separator}{version}" for separator in "/:@"}
    for value in _values(run, options.version_places):
        if value in whole:
            return True
        if value == version and (
            model in _values(run, options.model_places) or any(dataset.name in names for dataset in run.outputs)
        ):
            return True
    return False


def _values(run: Run, places: Iterable[str]) -> list[str]:
    found: list[str] = []
    for place in places:
        kind, _, name = place.partition(":")
        if kind == "tag":
            found += [value for key, value in tags_of(run) if key == name]
        else:
            facet_name, _, path = name.partition(".")
            found.append(text_of(at(facet(run.facets, facet_name), *path.split("."))))
    return [value for value in found if value]


def tags_of(run: Run) -> list[tuple[str, str]]:
    """Return the tags of a run and of its job."""
    return [*tag_pairs(run.facets), *tag_pairs(run.job_facets)]


def tag_pairs(facets: dict[str, bytes]) -> list[tuple[str, str]]:
    """Return the tags in a facet: key and value."""
    rows = list_at(facet(facets, "tags"), "tags")
    return [(text_at(row, "key"), text_at(row, "value")) for row in rows if text_at(row, "key")]


def _standing(run: Run) -> tuple[bool, Instant | float]:
    """Return what makes one run count before another: that it ended well, then that it is later."""
    return run.is_complete, float("-inf") if isinstance(run.last_at, Unknown) else run.last_at
