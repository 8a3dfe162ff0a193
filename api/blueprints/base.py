from __future__ import annotations

from typing import Any

import flask_smorest

from api.json_input import StrictParser


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest has no types.
    """A blueprint under ``/api/v1`` whose input is parsed strictly."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(name, import_name, url_prefix="/api/v1", **options)

    def arguments(self, schema: Any, **options: Any) -> Any:
        """As flask-smorest's, but with one schema made once: webargs would make another with every request."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **options)
