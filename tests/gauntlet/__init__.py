"""The gauntlet: portals changed in every way we could think of, run from extraction to gate (docs/gauntlet.md)."""
