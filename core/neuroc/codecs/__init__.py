"""Codecs that come with the core."""
