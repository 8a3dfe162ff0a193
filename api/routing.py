"""What the parts of an address may consist of."""

from __future__ import annotations

from typing import Any

from werkzeug.routing import UnicodeConverter


class TextConverter(UnicodeConverter):
    """Text without control characters. PostgreSQL refuses a NUL with an error; here such an address leads nowhere."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.regex = self.regex.replace("[^/]", r"[^/\x00-\x1f\x7f]")
