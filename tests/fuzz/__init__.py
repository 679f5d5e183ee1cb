"""Hostile input by the thousand: every reader of outside values takes it, or refuses it with its own error."""
