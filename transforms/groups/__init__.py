"""Many small files in one part: which files are read together, how, and the counts of each.

The parts of a group are those of its files, joined: positions of a group count on from file to
file. A group is one part unless its files may unpack to any size. Then its parts end where their
texts reach the bytes of a part, so that the content alone decides it.

`read_split` reads the parts of every split: of a group, or of one file.
"""
