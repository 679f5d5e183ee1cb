"""A portal that turns on whoever visits it (docs/hostile.md)."""
