"""Attachments on the test's node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cnictl.sandbox.node import Node
from tests.kernel.plugins.attachment import Attachment


@pytest.fixture
def attach(node: Node, plugins_dir: str) -> Callable[..., Attachment]:
    """Make an attachment to a list of the plugins given; keywords are those of `Attachment`."""

    def make(*plugins: dict[str, Any], **more: Any) -> Attachment:
        return Attachment(node, plugins_dir, list(plugins), **more)

    return make
