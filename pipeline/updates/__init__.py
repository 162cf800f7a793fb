"""Update a folder to a corpus that has changed, and clean it of earlier generations."""
