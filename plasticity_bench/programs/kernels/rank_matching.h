// Puts in place of each value the reference of its rank, by a radix sort on one core.
//
// Keys are integers that ascend with the values; stable passes sort them by one digit after the
// other. The first reads the values themselves, and the last writes the references, so that pairs of
// a key and its place are moved once less than there are digits. Short rows count, for each value,
// those before it: that is faster than to clear the tables of a radix sort.

#pragma once

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace rank_matching {

constexpr long COUNTED = 100;     // rows up to this length are ranked by counting
constexpr long NARROW = 3000;     // shorter ones are sorted by narrow digits, whose tables are small

struct Place {
  std::uint32_t key, origin;
};

// An integer that ascends with a value: -0 equals 0, and NaN is last.
inline std::uint32_t key_of(float value) {
  constexpr std::uint32_t SIGN = 1u << 31, INFINITE = 0x7f800000;
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  bits = bits == SIGN ? 0 : bits;
  const std::uint32_t key = bits & SIGN ? ~bits : bits | SIGN;
  return (bits & ~SIGN) > INFINITE ? ~0u : key;
}

inline void match_by_counting(float* __restrict matched, const float* __restrict values,
                              const float* __restrict ordered, long size) {
  std::uint32_t keys[COUNTED];
  for (long i = 0; i < size; ++i) keys[i] = key_of(values[i]);
  for (long i = 0; i < size; ++i) {
    const std::uint32_t key = keys[i];
    std::uint32_t rank = 0;
    for (long j = 0; j < i; ++j) rank += keys[j] <= key;
    for (long j = i + 1; j < size; ++j) rank += keys[j] < key;
    matched[i] = ordered[rank];
  }
}

// BITS of each digit; PASSES of them are a key.
template <int BITS, int PASSES>
void match_by_digits(float* __restrict matched, const float* __restrict values,
                     const float* __restrict ordered, long size) {
  constexpr std::uint32_t DIGITS = 1u << BITS;
  thread_local std::vector<Place> places;
  thread_local std::vector<std::uint32_t> keys_of;
  places.resize(2 * size), keys_of.resize(size);
  Place *from = places.data(), *to = from + size;
  std::uint32_t* keys = keys_of.data();  // looking up what is thread_local takes long in a library
  std::uint32_t starts[PASSES][DIGITS] = {};
  auto digit = [](std::uint32_t key, int pass) { return key >> (pass * BITS) & (DIGITS - 1); };
  for (long i = 0; i < size; ++i) keys[i] = key_of(values[i]);
  for (long i = 0; i < size; ++i)
    for (int pass = 0; pass < PASSES; ++pass) ++starts[pass][digit(keys[i], pass)];
  for (auto& start : starts) {
    std::uint32_t before = 0;
    for (std::uint32_t d = 0; d < DIGITS; ++d) {
      const std::uint32_t count = start[d];
      start[d] = before;
      before += count;
    }
  }
  for (long i = 0; i < size; ++i)
    from[starts[0][digit(keys[i], 0)]++] = {keys[i], static_cast<std::uint32_t>(i)};
  for (int pass = 1; pass < PASSES - 1; ++pass, std::swap(from, to))
    for (long i = 0; i < size; ++i) to[starts[pass][digit(from[i].key, pass)]++] = from[i];
  for (long i = 0; i < size; ++i)
    matched[from[i].origin] = ordered[starts[PASSES - 1][digit(from[i].key, PASSES - 1)]++];
}

inline void match_row(float* __restrict matched, const float* __restrict values,
                      const float* __restrict ordered, long size) {
  if (size <= COUNTED)
    match_by_counting(matched, values, ordered, size);
  else if (size < NARROW)
    match_by_digits<8, 4>(matched, values, ordered, size);
  else
    match_by_digits<11, 3>(matched, values, ordered, size);
}

}  // namespace rank_matching
