"""What a training says when it can't go on."""

from __future__ import annotations

from pipeline.errors import UserError


class TrainError(UserError):
    """A mistake in the settings or the folders, or a limit of the machine: found, expected, way out."""
