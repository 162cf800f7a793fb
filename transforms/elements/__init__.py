"""Steps of other pipelines: add vectors to texts, rows or dicts, one element at a time."""
