"""How the relatives of Prometheus differ: paths, headers, parameters, and how late new data can be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

FlavourName = Literal["prometheus", "victoriametrics", "thanos", "mimir", "grafana-proxy"]


@dataclass(frozen=True, slots=True)
class Flavour:
    """One kind of server."""

    path_prefix: str = ""
    """Before `/api/v1`."""
    tenant_header: str = ""
    instant_parameters: Mapping[str, str] = field(default_factory=dict)
    range_parameters: Mapping[str, str] = field(default_factory=dict)
    visibility_lag_seconds: float = 0.0
    """The newest points of a range that cannot be trusted."""


FLAVOURS: Final[Mapping[str, Flavour]] = {
    "prometheus": Flavour(),
    # The newest 30 s are hidden, and in ranges filled with copies of the last visible point; current versions let a
    # query say otherwise, 1.79.5 does not listen. Copies betray themselves by the timestamp part.
    "victoriametrics": Flavour(
        tenant_header="AccountID",
        instant_parameters={"latency_offset": "1s"},
        range_parameters={"latency_offset": "1s", "nocache": "1"},
        visibility_lag_seconds=30.0,
    ),
    # Down-sampled data has no raw timestamps, and its counters are too coarse for minutes.
    "thanos": Flavour(
        tenant_header="THANOS-TENANT",
        instant_parameters={"dedup": "true", "max_source_resolution": "0s"},
        range_parameters={"dedup": "true", "max_source_resolution": "0s"},
    ),
    "mimir": Flavour(path_prefix="/prometheus", tenant_header="X-Scope-OrgID"),
    "grafana-proxy": Flavour(path_prefix="/api/datasources/proxy/uid/{datasource}"),
}
"""Sources: Prometheus HTTP API; VictoriaMetrics README and vmselect; Thanos docs/components/query.md; Mimir's HTTP
API reference; Grafana's data source proxy."""


def api_prefix(flavour: Flavour, url: str, given: str, datasource_uid: str) -> str:
    """Return the path below `url` that ends before `/query`."""
    prefix = given or flavour.path_prefix.replace("{datasource}", datasource_uid)
    # https://mimir/prometheus is what Grafana wants as a URL, so it is what people have at hand.
    if not given and prefix and urlsplit(url).path.rstrip("/").endswith(prefix):
        prefix = ""
    return f"{prefix.rstrip('/')}/api/v1"
