"""What model servers and the proxies before them export, and how that becomes our signals.

Each profile names the version whose source or page it was read from, and what it cannot say. Labels and queries can
be replaced one by one in the configuration. No server exports confidence by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from modeltui.adapters.prometheus.plan import Gauge, Histogram, Identity, Join, MeanOf, Ratio, Recipe, Selector
from modeltui.domain.signal import BUSINESS, CONFIDENCE, DRIFT, ERRORS, LATENCY

MILLISECONDS: Final = 1e-3
MICROSECONDS: Final = 1e-6
APPROVED: Final = "approved?"
"""Which outcomes the business signal counts, as a regular expression: the share of approvals."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of exporter."""

    identity: Identity
    signals: Mapping[str, Recipe]
    join: Join | None = None
    cannot_say: tuple[str, ...] = field(default=())
    """Sentences for the operator."""


def _five_hundreds(metric: str, label: str, *matchers: str) -> Ratio:
    # Some exporters write 503, some 5xx; one pattern knows both.
    return _share(Selector(metric, matchers), label, "5..")


def _share(counter: Selector, label: str, pattern: str) -> Ratio:
    # Series that do not say how a request ended are left out: counted in the total alone, all of them would be fine.
    return Ratio((counter.narrowed(f'{label}=~"{pattern}"'),), (counter.narrowed(f'{label}!=""'),), label)


_NO_CONFIDENCE = "confidence, drift and business: export them from the application and add queries for them"
_MEAN_ONLY = "latency is a mean, not a 95th percentile: there are no buckets"

GENERIC = Profile(
    Identity(("model",), ("version",), ("env",)),
    {
        ERRORS: _five_hundreds("model_requests_total", "code"),
        LATENCY: Histogram(Selector("model_request_duration_seconds")),
        CONFIDENCE: MeanOf(
            Selector("model_prediction_confidence_sum"),
            Selector("model_prediction_confidence_count"),
            native=Selector("model_prediction_confidence"),
        ),
        DRIFT: Gauge(Selector("feature_drift_psi")),
        BUSINESS: _share(Selector("model_decisions_total"), "outcome", APPROVED),
    },
    cannot_say=("which feature drifts: drift is the largest index of all features",),
)
"""The names that we suggest to teams who choose their own. Version 1 of this convention.

`model_requests_total{model,version,env,region,code}`, `model_request_duration_seconds_bucket`,
`model_prediction_confidence_{bucket,sum,count}` (0 to 1), `feature_drift_psi{feature}`,
`model_decisions_total{outcome}`: the business signal is the share of decisions with an approving outcome.
"""

KNATIVE = Profile(
    Identity(("service_name",), ("revision_name",), ("namespace_name",)),
    {
        ERRORS: _five_hundreds("revision_app_request_count", "response_code"),
        LATENCY: Histogram(Selector("revision_app_request_latencies"), scale=MILLISECONDS),
    },
    cannot_say=(_NO_CONFIDENCE, "the model's own version: a revision stands for it"),
)
"""Knative Serving up to 1.18, and KServe in serverless mode on it (queue-proxy, knative-v1.18.0)."""

KNATIVE_OTEL = Profile(
    Identity(("kn_service_name",), ("kn_revision_name",), ("k8s_namespace_name",)),
    {
        ERRORS: _five_hundreds("kn_serving_invocation_duration_seconds_count", "http_response_status_code"),
        LATENCY: Histogram(Selector("kn_serving_invocation_duration_seconds")),
    },
    join=Join(("job", "instance"), Selector("target_info")),
    cannot_say=(_NO_CONFIDENCE, "anything when the scrape drops target_info: service and revision are only there"),
)
"""Knative Serving 1.21 and later (OpenTelemetry names, resource attributes in `target_info`)."""

KNATIVE_OTEL_119 = Profile(
    KNATIVE_OTEL.identity,
    {
        ERRORS: _five_hundreds("kn_queueproxy_app_duration_seconds_count", "http_response_status_code"),
        LATENCY: Histogram(Selector("kn_queueproxy_app_duration_seconds")),
    },
    join=KNATIVE_OTEL.join,
    cannot_say=KNATIVE_OTEL.cannot_say,
)
"""Knative Serving 1.19 and 1.20, whose names 1.21 changed again."""

KSERVE_RAW = Profile(
    Identity(("model_name",), ("version", "pod_template_hash"), ("namespace",)),
    {LATENCY: Histogram(Selector("request_predict_seconds"))},
    cannot_say=(
        _NO_CONFIDENCE,
        "errors: the runtime counts none, take them from Istio or the ingress",
        "a version, unless the scrape copies a pod label such as version or pod_template_hash",
    ),
)
"""KServe's own Python runtimes in raw deployments (kserve/metrics.py, source of August 2026). Throughput is what
latency counted."""

SELDON_V1 = Profile(
    Identity(("deployment_name",), ("predictor_name",), ("namespace",)),
    {
        ERRORS: _five_hundreds("seldon_api_executor_client_requests_seconds_count", "code", 'service="predictions"'),
        LATENCY: Histogram(Selector("seldon_api_executor_client_requests_seconds", ('service="predictions"',))),
        BUSINESS: Ratio((Selector("seldon_api_model_feedback_reward"),), (Selector("seldon_api_model_feedback"),)),
    },
    cannot_say=(
        "confidence and drift, unless the model returns custom metrics",
        "requests of an inference graph: each of its nodes counts one",
    ),
)
"""Seldon Core 1 (executor, v1.18.2). A canary is a predictor; `model_version` is only the image's tag.

Business is the mean reward of the feedback, between 0 and 1 when rewards are.
"""

SELDON_V2 = Profile(
    Identity(("model",), ("model_internal",), ("namespace",)),
    {
        ERRORS: Ratio(
            (Selector("seldon_model_infer_total", ('code!~"2..|OK"',)),), (Selector("seldon_model_infer_total"),)
        ),
        LATENCY: MeanOf(Selector("seldon_model_infer_seconds_total"), Selector("seldon_model_infer_total")),
    },
    cannot_say=(_NO_CONFIDENCE, _MEAN_ONLY + " with a model's name on them"),
)
"""Seldon Core 2 (scheduler/pkg/metrics, source of January 2026). HTTP and gRPC codes share one label."""

_TRITON_DONE = Selector("nv_inference_request_success")
_TRITON_FAILED = Selector("nv_inference_request_failure")
TRITON = Profile(
    Identity(("model",), ("version",), ("namespace",)),
    {
        ERRORS: Ratio((_TRITON_FAILED.narrowed('reason!="CANCELED"'),), (_TRITON_DONE, _TRITON_FAILED)),
        LATENCY: MeanOf(Selector("nv_inference_request_duration_us"), _TRITON_DONE, MICROSECONDS),
    },
    cannot_say=(_NO_CONFIDENCE, _MEAN_ONLY, "failures of an ensemble once: its member and itself both count them"),
)
"""NVIDIA Triton (docs/user_guide/metrics.md and core metrics.cc, source of August 2026)."""

MLSERVER = Profile(
    Identity(("model",), ("version",), ("namespace",)),
    {
        ERRORS: Ratio(
            (Selector("model_infer_request_failure_total"),),
            (Selector("model_infer_request_success_total"), Selector("model_infer_request_failure_total")),
        ),
        LATENCY: MeanOf(Selector("model_infer_request_duration_sum"), Selector("model_infer_request_duration_count")),
    },
    cannot_say=(_NO_CONFIDENCE, _MEAN_ONLY),
)
"""MLServer 1.7.1, as it runs. Its pages say model_name and model_version, which only custom metrics have."""

BENTOML = Profile(
    Identity(("service_name",), ("service_version",), ("namespace",)),
    {
        ERRORS: _five_hundreds(
            "bentoml_service_request_total", "http_response_code", 'endpoint!~"/(metrics|readyz|livez|healthz)"'
        ),
        LATENCY: Histogram(
            Selector("bentoml_service_request_duration_seconds", ('endpoint!~"/(metrics|readyz|livez|healthz)"',))
        ),
    },
    cannot_say=(_NO_CONFIDENCE, "a version when served from source: the label is then 'not available'"),
)
"""BentoML 1.4.39, as it runs."""

ISTIO = Profile(
    Identity(
        ("destination_service_name", "destination_app"), ("destination_version",), ("destination_workload_namespace",)
    ),
    {
        # Code 0 is a connection that was dropped before an answer.
        ERRORS: _share(Selector("istio_requests_total", ('reporter="destination"',)), "response_code", "5..|0"),
        LATENCY: Histogram(
            Selector("istio_request_duration_milliseconds", ('reporter="destination"',)), scale=MILLISECONDS
        ),
    },
    cannot_say=(_NO_CONFIDENCE, "a version of pods without the label version"),
)
"""Istio sidecars, by the names of its standard metrics. One reporter only: with both every request would count
twice."""

NGINX = Profile(
    Identity(("ingress",), ("canary", "service"), ("namespace",)),
    {
        ERRORS: _share(Selector("nginx_ingress_controller_requests"), "status", "5..|5xx"),
        LATENCY: Histogram(Selector("nginx_ingress_controller_request_duration_seconds")),
    },
    cannot_say=(_NO_CONFIDENCE, "the model's own version: the name of the service stands for it"),
)
"""ingress-nginx (internal/ingress/metric/collectors/socket.go). The label canary names the canary's backend and is
empty for the stable one."""

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "generic": GENERIC,
        "knative": KNATIVE,
        "kserve": KNATIVE,
        "knative-1.19": KNATIVE_OTEL_119,
        "knative-1.21": KNATIVE_OTEL,
        "kserve-raw": KSERVE_RAW,
        "seldon-v1": SELDON_V1,
        "seldon-v2": SELDON_V2,
        "triton": TRITON,
        "mlserver": MLSERVER,
        "bentoml": BENTOML,
        "istio": ISTIO,
        "nginx": NGINX,
        "none": Profile(Identity(("model",), ("version",), ("env",)), {}),
    }
)
"""By the name in the configuration. `none` has only the queries that are written there."""
