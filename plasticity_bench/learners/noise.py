"""Random numbers as pure functions of a key and a counter.

A replica's noise must not depend on which replicas run beside it, must be reproducible from its
step count alone, and must be traceable: it is therefore computed, not drawn from a generator with
hidden state. SplitMix64 (Steele, Lea and Flood, 2014, doi:10.1145/2660193.2660195) in its counter
form: output i is a hash of key + (i + 1) * gamma, modulo 2^64. It passes BigCrush and costs eight
integer operations per 64 bits. PyTorch's int64 arithmetic wraps, so int64 tensors serve as uint64.
"""

import math

import torch
from torch import Tensor


def _signed(value: int) -> int:
    """Return the int64 whose bits are those of an integer modulo 2^64."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


_GAMMA = _signed(0x9E3779B97F4A7C15)
_GAMMA_INVERSE = _signed(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_MULTIPLIER_1 = _signed(0xBF58476D1CE4E5B9)
_MULTIPLIER_2 = _signed(0x94D049BB133111EB)


def _shift_right(bits: Tensor, count: int) -> Tensor:
    """Shift int64 right, filling with zeros as unsigned integers do."""
    return (bits >> count) & ((1 << (64 - count)) - 1)


def mix(bits: Tensor) -> Tensor:
    """SplitMix64's finaliser: a bijection of 64-bit integers, int64 in and out."""
    bits = (bits ^ _shift_right(bits, 30)) * _MULTIPLIER_1
    bits = (bits ^ _shift_right(bits, 27)) * _MULTIPLIER_2
    return bits ^ _shift_right(bits, 31)


def random_bits(key: Tensor, count: int) -> Tensor:
    """Return `count` outputs, (count,) int64, of the sequence that a scalar int64 key begins."""
    counter = torch.arange(1, count + 1, device=key.device)
    # key + counter * _GAMMA, with the key inside the product: PyTorch's compiler evaluates products
    # of indices and constants exactly, and they would overflow its integers.
    return mix((key * _GAMMA_INVERSE + counter) * _GAMMA)


def fold(key: Tensor, index: int | Tensor) -> Tensor:
    """Return a new key for an index below a key; keys of different indices are independent."""
    offset = _signed(index * _GAMMA) if isinstance(index, int) else index * _GAMMA
    return mix(key + offset)


class Noise:
    """One replica's random numbers at one moment: each call gives new ones.

    Hooks receive it as an argument. PyTorch's generators are global; a hook that used them would
    depend on which other replicas run.
    """

    def __init__(self, key: Tensor) -> None:
        self._key = key
        self._calls = 0

    def normal(self, like: Tensor) -> Tensor:
        """Return independent standard normal numbers of `like`'s shape, dtype and device."""
        count = like.numel()
        bits = self._bits((count + 1) // 2)
        # Box and Muller (1958): the high half of the bits gives the radius, the low half the angle.
        radius = (_unit_interval(_shift_right(bits, 32), like.dtype).log() * -2).sqrt()
        angle = _unit_interval(bits & 0xFFFFFFFF, like.dtype) * (2 * math.pi)
        pair = torch.cat([radius * angle.cos(), radius * angle.sin()])
        return pair[:count].reshape(like.shape)

    def uniform(self, like: Tensor) -> Tensor:
        """Return independent numbers, uniform on (0, 1), of `like`'s shape, dtype and device."""
        high = _shift_right(self._bits(like.numel()), 32)
        return _unit_interval(high, like.dtype).reshape(like.shape)

    def signs(self, like: Tensor) -> Tensor:
        """Return independent signs, -1 or 1 with equal probability, in `like`'s shape and dtype."""
        return 2 * (self.uniform(like) < 0.5).to(like.dtype) - 1

    def _bits(self, count: int) -> Tensor:
        self._calls += 1
        return random_bits(fold(self._key, self._calls), count)


def _unit_interval(bits: Tensor, dtype: torch.dtype) -> Tensor:
    """Map 32-bit integers to the open unit interval, at the middles of 2^23 equal runs.

    23 bits, so that float32 holds every value exactly and neither 0 nor 1 can occur.
    """
    return ((bits >> 9).to(dtype) + 0.5) * 2.0**-23
