"""The catalogue people look at: a static site of declarations, releases and status.json alone."""
