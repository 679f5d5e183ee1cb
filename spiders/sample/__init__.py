"""A small portal of our own, served on loopback: pages to crawl without asking anything of the real one."""
