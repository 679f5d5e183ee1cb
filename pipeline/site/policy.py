"""What the site's pages may run and ask for: the site itself, whoever serves it."""

from __future__ import annotations

# WebAssembly is what SQL runs on; 'wasm-unsafe-eval' allows it, and no other code made at run time.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; "
    "style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
)
