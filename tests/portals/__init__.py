"""Real data portals, started here and published to."""
