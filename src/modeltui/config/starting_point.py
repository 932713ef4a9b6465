"""The annotated configuration that `modeltui config init` writes.

Prose begins with `# `, a key that may be switched on with `#` and no space: a test switches all of them on.
"""

from __future__ import annotations

STARTING_POINT = """\
# The configuration of modeltui. Check it with `modeltui config check`, see every value in force and where it
# comes from with `modeltui config show`; `modeltui doctor` then asks each source.
#
# Lines such as `#poll_seconds: 30` are keys that may be switched on: remove the `#`.
# Durations are written 30s, 5m or 1h30m, shares 0.2 or 20%, percentage points 1pp.

modeltui: 1                      # the version of this format
#default_context: local          # needed when there are several contexts

contexts:
  local:                         # a name of your own
    #production: true            # marks row 1 in the colour of production
    #mode: read-only             # no option widens this

    # What exists, how it behaves, what serves: sources, by names of your own.
    sources:
      registry:
        kind: mlflow
        url: http://127.0.0.1:5000
        #poll_seconds: 30
        # Secrets are never written here, only where they are:
        # env:NAME, file:/PATH, command:PROGRAM ARGUMENTS or keyring:SERVICE/NAME.
        #auth: {type: bearer, token: "env:MLFLOW_TRACKING_TOKEN"}
      metrics:
        kind: prometheus
        url: http://127.0.0.1:9090
        #poll_seconds: 15

    # Which version a registry's alias (or stage) puts where, and what it is there.
    pointers:
      champion: {environment: prod, role: stable}
      challenger: {environment: prod, role: candidate}

    # Where models serve, in the order of display. Environments of one group should serve the same version.
    #environments:
      #prod: {group: prod, production: true}
      #staging: {group: staging}

    #models:
      #include: ["*"]
      #exclude: ["test-*"]

    # Without this, error_rate, latency_p95, throughput, confidence, drift and business have sensible rules.
    #signals:
      #error_rate:
        #window_seconds: 5m
        #rules:                   # instead of those that exist
          # Broken when twice the stable version's rate of the same minutes, and a percentage point more.
          #- {name: error-spike, change: "+100%", margin: 1pp, for_seconds: 30, min_samples: 100, min_events: 5}
          #- {name: hard-errors, above: 20%, for_seconds: 15, min_events: 5}

    # Rules for some models or targets only; the last that matches counts.
    #limits:
      #- {match: "fraud-*@prod*", signal: latency_p95, above: 200ms, severity: warn}

    # Who may do what, when and with whom: a file that need not be yours. Without it, whoever can run this may act.
    #access: /etc/modeltui/policy.yaml

    # The record of everything that is asked and done: here, or in a database that several operators share.
    #journal:
      #shared: "env:MODELTUI_JOURNAL_URL"
      #anchors:                  # who else keeps what it looked like; two are better than one
        #- {kind: syslog}

    # Who else is told: outcome, unknown-outcome, break-glass, snapped-back, approval-asked; whoever hears how something
    # went also hears how it came out (found-out, settled).
    #notify:
      #- {kind: slack, url: "env:SLACK_WEBHOOK_URL", "on": [outcome, unknown-outcome, break-glass, snapped-back]}

#ui:
  #theme: modeltui-dark          # also: modeltui-light, high-contrast, colour-blind, ansi-16, monochrome
  #ascii: true                   # for terminals and fonts without Unicode
  #color: never                  # as NO_COLOR=1 does
"""
