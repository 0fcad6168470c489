"""Where ``pytest --neuroc-codec ID`` puts its tests (plugin.py)."""
