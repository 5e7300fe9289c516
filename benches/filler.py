#!/usr/bin/env python3
"""Writes 35 files of 4 MB that compress by about a half, the same for the same number.

filler.py NUMBER FOLDER
"""

import pathlib
import random
import sys

number, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
folder.mkdir(parents=True)
source = random.Random(number)
text = b"the quick brown fox jumps over the lazy dog; " * 100
for index in range(35):
    with open(folder / f"block-{index:02}.bin", "wb") as file:
        for _ in range(1000):
            file.write(source.randbytes(2048))
            start = source.randrange(2000)
            file.write(text[start : start + 2048])
