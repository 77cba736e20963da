"""Slices, readers, shard writers, manifests, file systems."""
