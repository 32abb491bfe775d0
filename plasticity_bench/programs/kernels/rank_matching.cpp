// Puts in place of each value the reference of its rank, without sorting, on one core.
//
// The range of the values is cut into equal buckets, a few values in each, and the values are
// grouped by bucket. Then few are out of order, and by few places: a value's rank is its place, and
// one more for each smaller value that follows it, one less for each larger one before it. Vectors
// of values are compared with their neighbours as far as a bucket of few values reaches; what is
// further away belongs to other buckets, and is in order.

#include <ATen/cpu/vec/vec.h>
#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace {

using torch::stable::Tensor;

constexpr long PER_BUCKET = 3;  // values, in the mean
constexpr long REACH = 8;
constexpr long FEW = REACH + 1;  // values in a bucket, none further than REACH from another
constexpr long TOGETHER = 8;     // bytes that are written at once
constexpr long WINDOW = 16;

constexpr long WIDTH = __BIGGEST_ALIGNMENT__ / sizeof(float);  // of this processor's vectors
typedef float Floats __attribute__((vector_size(__BIGGEST_ALIGNMENT__), aligned(4), may_alias));
typedef std::int32_t Integers __attribute__((vector_size(__BIGGEST_ALIGNMENT__)));

inline Floats load(const float* numbers) { return *reinterpret_cast<const Floats*>(numbers); }

// Pairs values that are grouped by bucket, none of which has more than FEW; the results of others
// are of no use. Around them stand WINDOW numbers that are smaller, and larger, than all.
void pair_neighbours(float* __restrict paired, const float* __restrict grouped,
                     const float* __restrict ordered, long size) {
  for (long slot = 0; slot < size; slot += WIDTH) {
    const Floats values = load(grouped + slot);
    Integers ranks;  // counted from `slot - REACH`
    for (long lane = 0; lane < WIDTH; ++lane) ranks[lane] = REACH + lane;
#pragma GCC unroll 8
    for (long apart = 1; apart <= REACH; ++apart) {  // a comparison that holds is -1
      ranks -= load(grouped + slot + apart) < values;
      ranks += load(grouped + slot - apart) > values;
    }
    const long first = slot - REACH;
#if defined(__AVX512F__)
    if (first >= 0 && first + 2 * WIDTH <= size) {
      const __m512 low = _mm512_loadu_ps(ordered + first);
      const __m512 high = _mm512_loadu_ps(ordered + first + WIDTH);
      _mm512_storeu_ps(paired + slot, _mm512_permutex2var_ps(low, (__m512i)ranks, high));
      continue;
    }
#endif
    for (long lane = 0; lane < WIDTH; ++lane)
      paired[slot + lane] = ordered[std::clamp(first + ranks[lane], 0L, size - 1)];
  }
}

// How many of WINDOW numbers are smaller than a value, or equal to it if those count too.
template <bool EQUAL>
inline long count_smaller(const float* numbers, float value) {
#if defined(__AVX512F__)
  const __m512 window = _mm512_loadu_ps(numbers), all = _mm512_set1_ps(value);
  constexpr int smaller = EQUAL ? _CMP_LE_OQ : _CMP_LT_OQ;
  return __builtin_popcount(_mm512_cmp_ps_mask(window, all, smaller));
#else
  int count = 0;
  for (int i = 0; i < WINDOW; ++i) count += EQUAL ? numbers[i] <= value : numbers[i] < value;
  return count;
#endif
}

// Pairs the values of one bucket, from `first` to before `last`, however many there are.
void pair_bucket(float* __restrict paired, const float* __restrict grouped,
                 const float* __restrict ordered, long first, long last) {
  for (long slot = first; slot < last; ++slot) {
    const float value = grouped[slot];
    long rank = slot, next = slot;
    do {  // of equal values, those that come before it in memory come before it in order
      next -= WINDOW;
      rank -= WINDOW - count_smaller<true>(grouped + next, value);
    } while (next > first);
    for (next = slot; next < last; next += WINDOW)
      rank += count_smaller<false>(grouped + next, value);
    paired[slot] = ordered[rank];
  }
}

void extremes(const float* values, long size, float& lowest, float& highest) {
  using Vector = at::vec::Vectorized<float>;
  Vector low(values[0]), high(values[0]);
  for (long i = 0; i < size; i += Vector::size()) {
    const long count = std::min<long>(Vector::size(), size - i);
    const Vector next = Vector::set(low, Vector::loadu(values + i, count), count);
    low = at::vec::minimum(low, next);
    high = at::vec::maximum(high, Vector::set(high, next, count));
  }
  float lows[Vector::size()], highs[Vector::size()];
  low.store(lows);
  high.store(highs);
  lowest = *std::min_element(lows, lows + Vector::size());
  highest = *std::max_element(highs, highs + Vector::size());
}

// Room for `size` elements; what they are is left as it is.
template <typename T>
T* at_least(std::vector<T>& room, long size) {
  if (static_cast<long>(room.size()) < size) room.resize(size);
  return room.data();
}

// Numbers the buckets that values are in; false if some have none: what is not a number, infinities,
// and numbers so close together or so far apart that there is no scale between them.
bool number_buckets(std::uint32_t* __restrict bucket, const float* __restrict values, long size,
                    long num_buckets, float lowest, float highest) {
  const float scale = (num_buckets - 1) / (highest - lowest);
  if (!std::isnormal(scale) || !std::isfinite(lowest) || !std::isfinite(highest)) return false;
  std::uint32_t bad = 0;
  for (long i = 0; i < size; ++i) {
    const float position = (values[i] - lowest) * scale;  // ascends with the value
    const bool fits = position < num_buckets;
    bad |= !fits;
    bucket[i] = static_cast<std::int32_t>(fits ? position : 0);
  }
  return !bad;
}

// False, with nothing of use in `matched`, for values that buckets do not suit: some are in none, or
// more in one than a byte counts.
bool match_row(float* __restrict matched, const float* __restrict values,
               const float* __restrict ordered, long size) {
  thread_local std::vector<std::uint32_t> slots, starts;
  thread_local std::vector<std::uint8_t> counts, places;
  thread_local std::vector<float> grouped_values, paired_values;
  thread_local std::vector<long> crowded;
  const long num_buckets = std::max(1L, size / PER_BUCKET);
  std::uint32_t* __restrict slot = at_least(slots, size);  // at first the number of the bucket
  std::uint32_t* __restrict start = at_least(starts, num_buckets + 1);
  std::uint8_t* __restrict count = at_least(counts, num_buckets);
  std::uint8_t* __restrict place = at_least(places, size);  // of a value within its bucket
  float* __restrict grouped = at_least(grouped_values, size + 3 * WINDOW) + WINDOW;
  float* __restrict paired = at_least(paired_values, size + WINDOW);

  float lowest, highest;
  extremes(values, size, lowest, highest);
  if (lowest == highest) {  // as biases begin
    std::copy_n(ordered, size, matched);
    for (long i = 0; i < size; ++i)
      if (values[i] != lowest) return false;  // not a number
    return true;
  }
  if (!number_buckets(slot, values, size, num_buckets, lowest, highest)) return false;

  // Written one by one, bytes would wait for one another, and for what is counted.
  std::fill_n(count, num_buckets, 0);
  const auto count_from = [&](long first, long number) {
    std::uint64_t bytes = 0;
    for (long k = 0; k < number; ++k)
      bytes |= static_cast<std::uint64_t>(count[slot[first + k]]++) << (8 * k);
    std::memcpy(place + first, &bytes, number);
  };
  const auto group_from = [&](long first, long number) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, place + first, number);
    for (long k = 0; k < number; ++k) {
      const std::uint32_t own = start[slot[first + k]] + (bytes >> (8 * k) & 255);
      slot[first + k] = own;
      grouped[own] = values[first + k];
    }
  };
  const long even = size - size % TOGETHER;
  for (long i = 0; i < even; i += TOGETHER) count_from(i, TOGETHER);
  count_from(even, size - even);
  crowded.clear();
  std::uint32_t total = 0;
  for (long b = 0; b < num_buckets; ++b) {
    start[b] = total;
    total += count[b];
    if (count[b] > FEW) crowded.push_back(b);
  }
  start[num_buckets] = total;
  if (total != size) return false;  // a byte began again at zero
  for (long i = 0; i < even; i += TOGETHER) group_from(i, TOGETHER);
  group_from(even, size - even);
  std::fill_n(grouped - WINDOW, WINDOW, -std::numeric_limits<float>::infinity());
  std::fill_n(grouped + size, 2 * WINDOW, std::numeric_limits<float>::infinity());

  pair_neighbours(paired, grouped, ordered, size);
  for (const long b : crowded) pair_bucket(paired, grouped, ordered, start[b], start[b + 1]);
  for (long i = 0; i < size; ++i) matched[i] = paired[slot[i]];
  return true;
}

// The same by sorting, for any values, what is not a number last: keys that ascend with the values go
// three times through a stable sort by eleven of their bits.
void match_row_sorted(float* __restrict matched, const float* __restrict values,
                      const float* __restrict ordered, long size) {
  constexpr std::uint32_t SIGN = 1u << 31, INFINITE = 0x7f800000;
  constexpr int DIGIT = 11, DIGITS = 1 << DIGIT;
  struct Place {
    std::uint32_t key, origin;
  };
  thread_local std::vector<Place> places, moved_places;
  Place* from = at_least(places, size);
  Place* to = at_least(moved_places, size);
  for (long i = 0; i < size; ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, values + i, sizeof bits);
    if (bits == SIGN) bits = 0;  // -0 equals 0
    const std::uint32_t key = bits & SIGN ? ~bits : bits | SIGN;
    from[i] = {(bits & ~SIGN) > INFINITE ? ~0u : key, static_cast<std::uint32_t>(i)};
  }
  for (int shift = 0; shift < 32; shift += DIGIT) {
    std::uint32_t start[DIGITS + 1] = {};
    for (long i = 0; i < size; ++i) ++start[(from[i].key >> shift & (DIGITS - 1)) + 1];
    for (int d = 0; d < DIGITS; ++d) start[d + 1] += start[d];
    for (long i = 0; i < size; ++i) to[start[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
    std::swap(from, to);
  }
  for (long rank = 0; rank < size; ++rank) matched[from[rank].origin] = ordered[rank];
}

// values and ordered: (..., size); each row of `ordered` ascends.
Tensor match_ranks(Tensor values, Tensor ordered) {
  if (!values.is_contiguous()) values = torch::stable::contiguous(values);
  if (!ordered.is_contiguous()) ordered = torch::stable::contiguous(ordered);
  Tensor result = torch::stable::empty_like(values);
  float* matched = result.mutable_data_ptr<float>();
  const float* numbers = values.const_data_ptr<float>();
  const float* references = ordered.const_data_ptr<float>();
  const long size = values.size(-1), total = values.numel();
  for (long row = 0; row < total; row += size)
    if (!match_row(matched + row, numbers + row, references + row, size))
      match_row_sorted(matched + row, numbers + row, references + row, size);
  return result;
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(plasticity_bench, CPU, library) {
  library.impl("match_ranks_native", TORCH_BOX(&match_ranks));
}
