"""The PORTAL side: the only package that knows HTTP and HTML. From a portal's address to an archive, to raw rows."""
