"""What model servers export on their own page, and how that becomes our signals.

Each profile names the version whose source or page it was read from, and what it cannot say. Where a page does not
tell the model, version or environment, they come from the `labels` of the address in the configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from modeltui.adapters.scrape.plan import Gauge, Histogram, Identity, MeanOf, Ratio, Recipe, selectors
from modeltui.domain.signal import BUSINESS, CONFIDENCE, DRIFT, ERRORS, LATENCY

MILLISECONDS: Final = 1e-3
MICROSECONDS: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of page."""

    identity: Identity
    signals: Mapping[str, Recipe]
    cannot_say: tuple[str, ...] = ()
    """Sentences for the operator, after `this profile cannot say`."""
    takes_target_info: bool = False
    """The identity's labels are those of `target_info` on the same page (OpenTelemetry)."""


def _ratio(bad: str, total: str) -> Ratio:
    return Ratio(selectors(bad), selectors(total))


def _told(metric: str, label: str, bad: str, *others: str) -> Ratio:
    # Series that do not say how a request ended are left out: counted in the total alone, all of them would be fine.
    def having(matcher: str) -> str:
        return f"{metric}{{{', '.join((*others, label + matcher))}}}"

    return _ratio(having(bad), having('!=""'))


def _histogram(base: str, scale: float = 1.0) -> Histogram:
    return Histogram(selectors(base)[0], scale=scale)


def _mean(total: str, count: str, scale: float = 1.0) -> MeanOf:
    return MeanOf(selectors(total), selectors(count), scale)


_NO_CONFIDENCE: Final = "confidence, drift and business: export them from the application and add queries for them"
_MEAN_ONLY: Final = "a 95th percentile: latency is a mean, there are no buckets"
_NO_ERRORS: Final = "errors: this server counts none, take them from what stands before it"
_NO_ENVIRONMENT: Final = "the environment: set it in labels of each target"
_NO_VERSION: Final = "the version: set it in labels of each target, one address per version"

GENERIC: Final = Profile(
    Identity(("model",), ("version",), ("env", "environment")),
    {
        ERRORS: _told("model_requests_total", "code", '=~"5.."'),
        LATENCY: _histogram("model_request_duration_seconds"),
        CONFIDENCE: _mean("model_prediction_confidence_sum", "model_prediction_confidence_count"),
        DRIFT: Gauge(selectors("feature_drift_psi")),
        BUSINESS: _told("model_decisions_total", "outcome", '=~"approved?"'),
    },
    cannot_say=("which feature drifts: drift is the largest index of all features",),
)
"""The names that we suggest to teams who choose their own. Version 1 of this convention."""

KNATIVE: Final = Profile(
    Identity(("service_name",), ("revision_name",), ("namespace_name",)),
    {
        ERRORS: _told("revision_app_request_count", "response_code", '=~"5.."'),
        LATENCY: _histogram("revision_app_request_latencies", MILLISECONDS),
    },
    cannot_say=(_NO_CONFIDENCE, "the model's own version: a revision stands for it"),
)
"""Knative Serving up to 1.18: port 9091 of the queue-proxy (knative-v1.18.0)."""

KNATIVE_OTEL: Final = Profile(
    Identity(("kn_service_name",), ("kn_revision_name",), ("k8s_namespace_name",)),
    {
        ERRORS: _ratio(
            'kn_serving_invocation_duration_seconds_count{http_response_status_code=~"5.."}'
            ' + kn_queueproxy_app_duration_seconds_count{http_response_status_code=~"5.."}',
            'kn_serving_invocation_duration_seconds_count{http_response_status_code!=""}'
            ' + kn_queueproxy_app_duration_seconds_count{http_response_status_code!=""}',
        ),
        LATENCY: _histogram("kn_serving_invocation_duration_seconds"),
    },
    cannot_say=(_NO_CONFIDENCE, "latency before 1.21, whose histogram has another name"),
    takes_target_info=True,
)
"""Knative Serving 1.19 and later (OpenTelemetry names, resource attributes in `target_info`)."""

KSERVE_RAW: Final = Profile(
    Identity(("model_name",), ("version",), ("namespace",)),
    {LATENCY: _histogram("request_predict_seconds")},
    cannot_say=(_NO_CONFIDENCE, _NO_ERRORS, _NO_VERSION, _NO_ENVIRONMENT),
)
"""KServe's own Python runtimes (kserve/metrics.py, 0.15)."""

SELDON_V1: Final = Profile(
    Identity(("deployment_name",), ("predictor_name",), ("namespace",)),
    {
        ERRORS: _told("seldon_api_executor_client_requests_seconds_count", "code", '=~"5.."', 'service="predictions"'),
        LATENCY: _histogram('seldon_api_executor_client_requests_seconds{service="predictions"}'),
        BUSINESS: _ratio("seldon_api_model_feedback_reward", "seldon_api_model_feedback"),
    },
    cannot_say=("confidence and drift, unless the model returns custom metrics", _NO_ENVIRONMENT),
)
"""Seldon Core 1 (executor, v1.18.2). A canary is a predictor. Business is the mean reward, 0 to 1."""

SELDON_V2: Final = Profile(
    Identity(("model",), ("model_internal",), ("namespace",)),
    {
        ERRORS: _ratio('seldon_model_infer_total{code!~"2..|OK"}', "seldon_model_infer_total"),
        LATENCY: _mean("seldon_model_infer_seconds_total", "seldon_model_infer_total"),
    },
    cannot_say=(_NO_CONFIDENCE, _MEAN_ONLY, _NO_ENVIRONMENT),
)
"""Seldon Core 2 (scheduler/pkg/metrics, 2.10). HTTP and gRPC codes share one label."""

TRITON: Final = Profile(
    Identity(("model",), ("version",), ("namespace",)),
    {
        ERRORS: _ratio(
            'nv_inference_request_failure{reason!="CANCELED"}',
            "nv_inference_request_success + nv_inference_request_failure",
        ),
        LATENCY: _mean("nv_inference_request_duration_us", "nv_inference_request_success", MICROSECONDS),
    },
    cannot_say=(
        _NO_CONFIDENCE,
        _MEAN_ONLY,
        _NO_ENVIRONMENT,
        "failures of an ensemble once: its member and itself both count them",
    ),
)
"""NVIDIA Triton (docs/user_guide/metrics.md and core metrics.cc, 2.60), port 8002."""

TORCHSERVE: Final = Profile(
    Identity(("model_name",), ("model_version",), ("namespace",)),
    {
        # A rate of requests comes with latency; this server has no errors per model.
        LATENCY: _mean("ts_inference_latency_microseconds", "ts_inference_requests_total", MICROSECONDS),
    },
    cannot_say=(_NO_CONFIDENCE, _MEAN_ONLY, "errors: it counts them per process, not per model", _NO_ENVIRONMENT),
)
"""TorchServe (ts/configs/metrics.yaml), port 8082, with metrics_mode=prometheus."""

TENSORFLOW_SERVING: Final = Profile(
    Identity(("model_name",), ("version",), ("namespace",)),
    {
        ERRORS: _ratio(
            ':tensorflow:serving:request_count{status!~"OK|INVALID_ARGUMENT|NOT_FOUND"}',
            ":tensorflow:serving:request_count",
        ),
        LATENCY: _histogram(":tensorflow:serving:request_latency", MICROSECONDS),
    },
    cannot_say=(_NO_CONFIDENCE, "the latency of requests that failed", _NO_VERSION, _NO_ENVIRONMENT),
)
"""TensorFlow Serving (util/prometheus_exporter.cc), path /monitoring/prometheus/metrics when it is enabled."""

MLSERVER: Final = Profile(
    Identity(("model",), ("version",), ("namespace",)),
    {
        ERRORS: _ratio(
            "model_infer_request_failure_total",
            "model_infer_request_success_total + model_infer_request_failure_total",
        ),
        LATENCY: _mean("model_infer_request_duration_sum", "model_infer_request_duration_count"),
    },
    cannot_say=(_NO_CONFIDENCE, _MEAN_ONLY, _NO_ENVIRONMENT),
)
"""MLServer 1.7.1, as it runs. Its pages say model_name and model_version, which only custom metrics have."""

_BENTO_REQUESTS: Final = 'endpoint!~"/(metrics|readyz|livez|healthz)"'
BENTOML: Final = Profile(
    Identity(("service_name",), ("service_version",), ("namespace",)),
    {
        ERRORS: _told("bentoml_service_request_total", "http_response_code", '=~"5.."', _BENTO_REQUESTS),
        LATENCY: _histogram(f"bentoml_service_request_duration_seconds{{{_BENTO_REQUESTS}}}"),
    },
    cannot_say=(
        _NO_CONFIDENCE,
        _NO_ENVIRONMENT,
        "a version when served from source: the label is then 'not available'",
    ),
)
"""BentoML 1.4.39, as it runs."""

RAY_SERVE: Final = Profile(
    Identity(("application",), ("version",), ("namespace",)),
    {
        ERRORS: _ratio(
            "ray_serve_deployment_error_counter_total",
            "ray_serve_deployment_request_counter_total + ray_serve_deployment_error_counter_total",
        ),
        LATENCY: _histogram("ray_serve_deployment_processing_latency_ms", MILLISECONDS),
    },
    cannot_say=(_NO_CONFIDENCE, _NO_VERSION, _NO_ENVIRONMENT),
)
"""Ray Serve 2.60, as it runs: the request counter has successes only, the label Version is Ray's own."""

VLLM: Final = Profile(
    Identity(("model_name",), ("version",), ("namespace",)),
    {
        ERRORS: _told("vllm:request_success_total", "finished_reason", '="abort"'),
        LATENCY: _histogram("vllm:e2e_request_latency_seconds"),
    },
    cannot_say=(
        _NO_CONFIDENCE,
        "errors of the server: the share of aborted requests stands for them",
        _NO_VERSION,
        _NO_ENVIRONMENT,
    ),
)
"""vLLM's engine (vllm/v1/metrics/loggers.py, mid-2025)."""

ISTIO: Final = Profile(
    Identity(
        ("destination_service_name", "destination_app"), ("destination_version",), ("destination_workload_namespace",)
    ),
    {
        # Code 0 is a connection that was dropped before an answer.
        ERRORS: _told("istio_requests_total", "response_code", '=~"5..|0"', 'reporter="destination"'),
        LATENCY: _histogram('istio_request_duration_milliseconds{reporter="destination"}', MILLISECONDS),
    },
    cannot_say=(_NO_CONFIDENCE, "a version of pods without the label version"),
)
"""Istio 1.2x sidecars, port 15090, path /stats/prometheus."""

NGINX: Final = Profile(
    Identity(("ingress",), ("canary", "service"), ("namespace",)),
    {
        ERRORS: _told("nginx_ingress_controller_requests", "status", '=~"5..|5xx"'),
        LATENCY: _histogram("nginx_ingress_controller_request_duration_seconds"),
    },
    cannot_say=(_NO_CONFIDENCE, "the model's own version: the name of the service stands for it"),
)
"""ingress-nginx 1.12 (socket.go), port 10254 of the controller."""

NONE: Final = Profile(Identity(("model",), ("version",), ("env", "environment")), {})

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "generic": GENERIC,
        "triton": TRITON,
        "mlserver": MLSERVER,
        "bentoml": BENTOML,
        "torchserve": TORCHSERVE,
        "tensorflow-serving": TENSORFLOW_SERVING,
        "ray-serve": RAY_SERVE,
        "vllm": VLLM,
        "kserve-raw": KSERVE_RAW,
        "knative": KNATIVE,
        "knative-1.19": KNATIVE_OTEL,
        "seldon-v1": SELDON_V1,
        "seldon-v2": SELDON_V2,
        "istio": ISTIO,
        "nginx": NGINX,
        "none": NONE,
    }
)
"""By the name in the configuration. `none` has only the queries that are written there."""
