"""The local HTTP port: health, metrics, a JSON API and a page for people."""
