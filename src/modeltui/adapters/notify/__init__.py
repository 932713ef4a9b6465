"""Tells people elsewhere what happened: an outbox on disk, and webhook, Slack and PagerDuty behind it."""

from modeltui.adapters.notify.notifier import OutboxNotifier, open_notifier
from modeltui.adapters.notify.sinks import Sink

__all__ = ["OutboxNotifier", "Sink", "open_notifier"]
