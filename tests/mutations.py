"""Mutate the bytes of files, as damage and chance do."""

import random

# Mutations within a file.
_MOST_MUTATIONS = 4


def mutate(data: bytes, chance: random.Random) -> tuple[bytes, int, int]:
    """Mutate a file; return it with the first and the last place that changed."""
    mutated = bytearray(data)
    # Half of the files are mutated near their end, where Parquet has its footer.
    start = max(0, len(data) - 600) if chance.random() < 0.5 else 0
    number = chance.randrange(1, _MOST_MUTATIONS + 1)
    places = sorted((chance.randrange(start, len(data)) for _ in range(number)), reverse=True)
    for place in places:
        how = chance.randrange(6)
        if how == 0:
            del mutated[place : place + chance.randrange(1, 30)]
        elif how == 1:
            mutated[place:place] = chance.randbytes(chance.randrange(1, 9))
        elif how == 2:
            mutated[place : place + 4] = chance.choice(
                [b"\xff" * 4, b"\0" * 4, b"\xff\xff\xff\x7f"]
            )
        elif how == 3:
            mutated[place : place + 1] = bytes([data[place] ^ 1 << chance.randrange(8)])
        else:
            mutated[place : place + 1] = chance.randbytes(1)
    # What is deleted ends behind its place.
    return bytes(mutated) or b"\0", places[-1], places[0] + 30
