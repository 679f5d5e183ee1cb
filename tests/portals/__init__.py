"""`make check-portals`: releases published to the real software of data portals, on loopback."""
