// Puts in place of each value the reference of its rank, by a radix sort on one core.
//
// Keys are integers that ascend with the values; three stable passes sort them, by 11 bits each.

#pragma once

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace rank_matching {

constexpr int DIGIT = 11, DIGITS = 1 << DIGIT;

struct Place {
  std::uint32_t key, origin;
};

// An integer that ascends with a value: -0 equals 0, and NaN is last.
inline std::uint32_t key_of(float value) {
  constexpr std::uint32_t SIGN = 1u << 31, INFINITE = 0x7f800000;
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if (bits == SIGN) bits = 0;
  const std::uint32_t key = bits & SIGN ? ~bits : bits | SIGN;
  return (bits & ~SIGN) > INFINITE ? ~0u : key;
}

inline void match_row(float* __restrict matched, const float* __restrict values,
               const float* __restrict ordered, long size) {
  thread_local std::vector<Place> places, moved_places;
  places.resize(size);
  moved_places.resize(size);
  Place *from = places.data(), *to = moved_places.data();
  for (long i = 0; i < size; ++i) from[i] = {key_of(values[i]), static_cast<std::uint32_t>(i)};
  for (int shift = 0; shift < 32; shift += DIGIT) {
    std::uint32_t start[DIGITS + 1] = {};
    for (long i = 0; i < size; ++i) ++start[(from[i].key >> shift & (DIGITS - 1)) + 1];
    for (int d = 0; d < DIGITS; ++d) start[d + 1] += start[d];
    for (long i = 0; i < size; ++i) to[start[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
    std::swap(from, to);
  }
  for (long rank = 0; rank < size; ++rank) matched[from[rank].origin] = ordered[rank];
}

}  // namespace rank_matching
