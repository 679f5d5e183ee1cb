"""Runs killed, starved of disk and started together: outputs are those before or those after (docs/crash.md)."""
