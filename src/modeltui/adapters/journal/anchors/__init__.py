"""Places elsewhere that keep what the journal looked like: one place per journal, two places are better than one."""

from modeltui.adapters.journal.anchors.file import FileAnchor
from modeltui.adapters.journal.anchors.git import GitAnchor
from modeltui.adapters.journal.anchors.syslog import SyslogAnchor
from modeltui.adapters.journal.anchors.webhook import WebhookAnchor

__all__ = ["FileAnchor", "GitAnchor", "SyslogAnchor", "WebhookAnchor"]
