"""WHAT the data is: declarations of portals and datasets, the schemas derived from them, cleaners, reference lists."""
