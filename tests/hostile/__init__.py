"""A portal that turns on whoever visits it, and whoever opens what is made of it (docs/hostile.md)."""
