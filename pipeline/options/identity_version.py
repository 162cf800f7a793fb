"""The version of what identifies a job in its folder, next to the format version of its records."""

# Increased by a release that adds a key to the identity, or a field to run.json, plan.jsonl,
# manifest.json or the receipts. A flag that came later has its version as `Flag.since`.
IDENTITY_VERSION = 2
# The keys that every identity has.
FIRST_IDENTITY_VERSION = 1
