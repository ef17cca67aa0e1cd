"""The order in which rows are visited: a pure function of (seed, epoch, position).

Position p is split into a left part and a right part, and each part is shifted in turn by a keyed hash of the other:
a Feistel network on unequal halves (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002). Every shift can
be undone, so no two positions meet; the few results beyond the last row are sent through again ("cycle walking").
There is no array of the whole permutation: any position's row can be computed alone, on any machine, at any time. The
compiled loops compute the same bits in `gradloop.compiler.order`.
"""

from __future__ import annotations

import numpy as np

ROUNDS = 6
FEW_ROWS = 512  # up to here the halves have so few bits that a second network is needed for all orders to be alike
GOLDEN = 0x9E3779B97F4A7C15  # 2**64 divided by the golden ratio; with the two below: Steele et al., SplitMix64, 2014
MIX_1, MIX_2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
HASH_1, HASH_2 = 0x7FEB352D, 0x846CA68B  # Wellons, "Prospecting for hash functions", 2018
WORD = (1 << 64) - 1


def split_mix(state: int) -> int:
    """A 64-bit number that looks unrelated to its neighbours'."""
    state = (state + GOLDEN) & WORD
    state = ((state ^ (state >> 30)) * MIX_1) & WORD
    state = ((state ^ (state >> 27)) * MIX_2) & WORD
    return state ^ (state >> 31)


def round_keys(seed: int, epoch: int) -> list[int]:
    """One 32-bit key a round, for both networks."""
    start = split_mix((split_mix(seed & WORD) + epoch) & WORD)
    return [split_mix((start + index) & WORD) >> 32 for index in range(2 * ROUNDS)]


def halves(rows: int) -> tuple[int, int]:
    """How positions are split: the left part counts to `left`, the right part has `bits` bits."""
    bits = ((rows - 1).bit_length() + 1) // 2
    return -(-rows // (1 << bits)), bits


def hashed(values: np.ndarray, key: int) -> np.ndarray:
    """A 32-bit hash of each value under a key."""
    mixed = values + np.uint32(key)
    mixed = (mixed ^ (mixed >> np.uint32(16))) * np.uint32(HASH_1)
    mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(HASH_2)
    return mixed ^ (mixed >> np.uint32(16))


def shuffled_once(positions: np.ndarray, rows: int, keys: list[int]) -> np.ndarray:
    """The networks without cycle walking: results may exceed `rows`."""
    once = network(positions, rows, keys[:ROUNDS])
    return network(once, rows, keys[ROUNDS:]) if rows <= FEW_ROWS else once


def network(positions: np.ndarray, rows: int, keys: list[int]) -> np.ndarray:
    """Shift the right part by a hash of the left one, the left part by a hash of the right one, and so on."""
    left_size, bits = halves(rows)
    left = (positions >> np.uint64(bits)).astype(np.uint32)
    right = (positions & np.uint64((1 << bits) - 1)).astype(np.uint32)
    for index, key in enumerate(keys):
        if index % 2 == 0:
            right = (right + hashed(left, key)) & np.uint32((1 << bits) - 1)
        else:
            shift = (hashed(right, key).astype(np.uint64) * np.uint64(left_size)) >> np.uint64(32)
            left = left + shift.astype(np.uint32)
            left = np.where(left >= left_size, left - np.uint32(left_size), left)
    return (left.astype(np.uint64) << np.uint64(bits)) + right


def row_at(positions: np.ndarray, rows: int, seed: int, epoch: int) -> np.ndarray:
    """The rows visited at these positions of an epoch.

    Args:
        positions: whole numbers in [0, rows)
        rows: the number of examples, below 2**62
        seed, epoch: whole numbers; each pair gives an order of its own

    >>> sorted(row_at(np.arange(7), 7, seed=0, epoch=3).tolist())
    [0, 1, 2, 3, 4, 5, 6]
    """
    keys = round_keys(seed, epoch)
    found = shuffled_once(np.asarray(positions, np.uint64), rows, keys)
    outside = np.flatnonzero(found >= rows)
    while outside.size:
        found[outside] = shuffled_once(found[outside], rows, keys)
        outside = outside[found[outside] >= rows]
    return found.astype(np.int64)


def rows_in_order(rows: int, seed: int, epoch: int) -> np.ndarray:
    """The whole order of an epoch: the rows, each once."""
    return row_at(np.arange(rows), rows, seed, epoch)
