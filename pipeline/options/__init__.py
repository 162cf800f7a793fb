"""Flags to configurations, and configurations back to flags."""
