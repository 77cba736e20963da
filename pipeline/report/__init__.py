"""Manifests and samples -> report.json -> report.html."""
