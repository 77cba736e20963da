from __future__ import annotations

import json

from pipeline.train.progress import Progress


def test_progress_survives_json():
    progress = Progress(step=2, tokens=9, curve=[(1, 0.1, 1e-3, 5.0), (2, 1 / 3, 1e-4, 6.0)], validation=[(0, 2.5)])
    assert Progress.from_json(json.loads(json.dumps(progress.to_json()))) == progress
