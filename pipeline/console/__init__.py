"""The terminal: help, messages, progress, and keeping libraries quiet."""
