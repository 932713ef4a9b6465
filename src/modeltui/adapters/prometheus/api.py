"""The query API over HTTP: which path, which parameters, GET or POST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from modeltui.adapters._http import Answer, HttpReader
from modeltui.adapters.prometheus.flavours import FLAVOURS, api_prefix
from modeltui.adapters.prometheus.options import Options, http_settings
from modeltui.domain.errors import BackendError, BackendRefused
from modeltui.domain.names import UNKNOWN, SourceName, Unknown
from modeltui.domain.text import SafeText, safe_text

_LONGEST_GET: Final = 1_800
"""Characters of query text. Proxies take URLs of 4 to 8 KiB, and encoding makes the text up to thrice as long.
A GET is preferred: it is repeated when a kept connection turns out to be closed, and caches and proxies know it."""


class _BuildInfo(msgspec.Struct):
    version: str = ""
    application: str = ""


class _BuildInfoAnswer(msgspec.Struct):
    data: _BuildInfo


class _NamesAnswer(msgspec.Struct):
    data: list[str]


class Api:
    """Asks one server. Every method raises `BackendError`."""

    def __init__(self, source: SourceName, options: Options) -> None:
        self._flavour = FLAVOURS[options.flavour]
        self._prefix = api_prefix(self._flavour, options.url, options.path_prefix, options.datasource_uid)
        self._extra = options.parameters
        self.http: Final = HttpReader(
            source,
            http_settings(options),
            query_posts=(f"{self._prefix}/query", f"{self._prefix}/query_range"),
        )
        # The server gives up before we do, so that nothing goes on computing for nobody.
        self._timeout = f"{max(1, round(options.timeout_seconds))}s"

    async def instant(self, text: str, at: float | Unknown = UNKNOWN) -> Answer:
        """Return the answer to a query at one time of the server's clock; without one, at its present."""
        parameters = {"query": text, "timeout": self._timeout, **self._flavour.instant_parameters, **self._extra}
        if isinstance(at, float):
            parameters["time"] = f"{at:.3f}"
        return await self._ask("query", parameters)

    async def over_time(self, text: str, start: float, end: float, step_seconds: float) -> Answer:
        """Return the answer to a range query between two times of the server's clock, both included."""
        span = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step_seconds:.3f}"}
        parameters = {"query": text, **span, "timeout": self._timeout, **self._flavour.range_parameters, **self._extra}
        return await self._ask("query_range", parameters)

    async def version(self) -> SafeText | Unknown:
        """Return what the server says it is; unknown where it keeps that to itself."""
        try:
            found = (await self.http.get(f"{self._prefix}/status/buildinfo")).json(_BuildInfoAnswer).data
        except BackendRefused:
            return UNKNOWN
        return safe_text(f"{found.application} {found.version}".strip(), 60) or UNKNOWN

    async def label_names(self, selector: str, start: float, end: float) -> tuple[SafeText, ...] | Unknown:
        """Return the labels that the series of a selector have, their name excepted; unknown when it cannot say."""
        parameters = {"match[]": selector, "start": f"{start:.3f}", "end": f"{end:.3f}"}
        try:
            names = (await self.http.get(f"{self._prefix}/labels", parameters)).json(_NamesAnswer).data
        except BackendError:
            return UNKNOWN
        return tuple(safe_text(name, 60) for name in names[:100] if name != "__name__")

    async def _ask(self, what: str, parameters: Mapping[str, str]) -> Answer:
        path = f"{self._prefix}/{what}"
        if len(parameters["query"]) > _LONGEST_GET:
            return await self.http.post_query(path, form=parameters)
        return await self.http.get(path, parameters)
