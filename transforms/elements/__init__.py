"""Steps of other pipelines: vectors beside texts, rows or dicts, one element at a time."""
