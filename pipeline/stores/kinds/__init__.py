"""Stores, one file each; `store_kind.find` returns them by the scheme of a URL."""
