// Products of small float32 matrices, in batches, on one core.
//
// A block of the result stays in registers while the depth is run through once. The right matrix is
// read a vector at a time, so its columns must lie side by side in memory; where they do not, it is
// first copied, a panel of columns at a time. If the left matrix is the smaller one, the transposed
// product is computed instead, in which it is the one to be copied. Every element of the result is
// one chain of fused multiply-adds in the order of the depth, whichever way is taken and however wide
// vectors are: its bits are the same on every processor.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

namespace matmul {

#if defined(__AVX512F__)
struct Vector {
  static constexpr long SIZE = 16;
  __m512 v;
  explicit Vector(float x) : v(_mm512_set1_ps(x)) {}
  explicit Vector(__m512 x) : v(x) {}
  Vector() = default;
  static Vector load(const float* p) { return Vector(_mm512_loadu_ps(p)); }
  void store(float* p) const { _mm512_storeu_ps(p, v); }
  using Mask = __mmask16;
  static Mask first(long n) { return static_cast<Mask>((1u << n) - 1); }
  static Vector load(const float* p, Mask some) { return Vector(_mm512_maskz_loadu_ps(some, p)); }
  void store(float* p, Mask some) const { _mm512_mask_storeu_ps(p, some, v); }
  static Vector fma(Vector a, Vector b, Vector c) { return Vector(_mm512_fmadd_ps(a.v, b.v, c.v)); }
  // p[0], p[1], p[0], p[1], ...
  static Vector pairs(const float* p) {
    double both;
    std::memcpy(&both, p, sizeof both);
    return Vector(_mm512_castpd_ps(_mm512_set1_pd(both)));
  }
  // p[0], p[0], p[1], p[1], ...
  static Vector doubled(const float* p) {
    const __m512i places = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    return Vector(_mm512_permutexvar_ps(places, _mm512_castps256_ps512(_mm256_loadu_ps(p))));
  }
};
#elif defined(__AVX2__) && defined(__FMA__)
struct Vector {
  static constexpr long SIZE = 8;
  __m256 v;
  explicit Vector(float x) : v(_mm256_set1_ps(x)) {}
  explicit Vector(__m256 x) : v(x) {}
  Vector() = default;
  static Vector load(const float* p) { return Vector(_mm256_loadu_ps(p)); }
  void store(float* p) const { _mm256_storeu_ps(p, v); }
  using Mask = __m256i;
  static Mask first(long n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static Vector load(const float* p, Mask some) { return Vector(_mm256_maskload_ps(p, some)); }
  void store(float* p, Mask some) const { _mm256_maskstore_ps(p, some, v); }
  static Vector fma(Vector a, Vector b, Vector c) { return Vector(_mm256_fmadd_ps(a.v, b.v, c.v)); }
  static Vector pairs(const float* p) {
    double both;
    std::memcpy(&both, p, sizeof both);
    return Vector(_mm256_castpd_ps(_mm256_set1_pd(both)));
  }
  static Vector doubled(const float* p) {
    const __m256i places = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
    return Vector(_mm256_permutevar8x32_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), places));
  }
};
#else
struct Vector {
  static constexpr long SIZE = 4;
  float v[SIZE];
  explicit Vector(float x) { for (float& lane : v) lane = x; }
  Vector() = default;
  static Vector load(const float* p) { Vector r; std::memcpy(r.v, p, sizeof r.v); return r; }
  void store(float* p) const { std::memcpy(p, v, sizeof v); }
  using Mask = long;
  static Mask first(long n) { return n; }
  static Vector load(const float* p, Mask some) {
    Vector r(0.f);
    std::memcpy(r.v, p, some * sizeof(float));
    return r;
  }
  void store(float* p, Mask some) const { std::memcpy(p, v, some * sizeof(float)); }
  static Vector fma(Vector a, Vector b, Vector c) {
    for (long i = 0; i < SIZE; ++i) c.v[i] = std::fma(a.v[i], b.v[i], c.v[i]);
    return c;
  }
  static Vector pairs(const float* p) {
    Vector r;
    for (long i = 0; i < SIZE; ++i) r.v[i] = p[i % 2];
    return r;
  }
  static Vector doubled(const float* p) {
    Vector r;
    for (long i = 0; i < SIZE; ++i) r.v[i] = p[i / 2];
    return r;
  }
};
#endif

constexpr long LANES = Vector::SIZE;

// As many sums as hide the latency of a multiplication and still fit in the registers.
constexpr int ROWS = LANES >= 16 ? 8 : 4;
constexpr int VECTORS = 2;
constexpr long PANEL = VECTORS * LANES;

struct Matrix {
  const float* data;
  long row, column;  // strides
};

// Unrolls a loop before the compiler decides on registers: in them it keeps only arrays all of whose
// indices are constants by then.
#define UNROLLED _Pragma("GCC unroll 16")

// result (R x columns) = left (R x depth) times right (depth x columns), V vectors of columns, of
// the last of which only the first `last` lanes are columns if it is not WHOLE.
template <int R, int V, bool WHOLE>
void multiply_block(float* result, long result_row, Matrix left, Matrix right, long depth,
                    long last, bool adds) {
  const Vector::Mask some = Vector::first(last);
  auto load = [&](const float* p, int v) {
    return WHOLE || v < V - 1 ? Vector::load(p + v * LANES) : Vector::load(p + v * LANES, some);
  };
  Vector sums[R][V];
  UNROLLED
  for (int r = 0; r < R; ++r)
    UNROLLED
    for (int v = 0; v < V; ++v) sums[r][v] = adds ? load(result + r * result_row, v) : Vector(0.f);
  _Pragma("GCC unroll 8")  // fewer jumps, which end a short loop of their own accord
  for (long k = 0; k < depth; ++k) {
    Vector b[V];
    UNROLLED
    for (int v = 0; v < V; ++v) b[v] = load(right.data, v);
    UNROLLED
    for (int r = 0; r < R; ++r) {
      const Vector a(left.data[r * left.row]);
      UNROLLED
      for (int v = 0; v < V; ++v) sums[r][v] = Vector::fma(a, b[v], sums[r][v]);
    }
    left.data += left.column;
    right.data += right.row;
  }
  UNROLLED
  for (int r = 0; r < R; ++r)
    UNROLLED
    for (int v = 0; v < V; ++v) {
      float* target = result + r * result_row + v * LANES;
      if (WHOLE || v < V - 1)
        sums[r][v].store(target);
      else
        sums[r][v].store(target, some);
    }
}

template <int V, bool WHOLE>
void multiply_panel(float* result, long result_row, Matrix left, Matrix right, long rows,
                    long depth, long last, bool adds) {
  long row = 0;
  auto block = [&]<int R>() {
    for (; row + R <= rows; row += R)
      multiply_block<R, V, WHOLE>(result + row * result_row, result_row,
                           {left.data + row * left.row, left.row, left.column}, right, depth,
                           last, adds);
  };
  block.template operator()<ROWS>();
  block.template operator()<4>();
  block.template operator()<2>();
  block.template operator()<1>();
}

#if defined(__AVX2__) && defined(__FMA__)
// target (8 x 8) = source transposed.
inline void transpose_block(float* target, long target_row, const float* source, long source_row) {
  __m256 a[8], b[8];
  UNROLLED
  for (int j = 0; j < 8; ++j) a[j] = _mm256_loadu_ps(source + j * source_row);
  UNROLLED
  for (int j = 0; j < 8; j += 2) {
    b[j] = _mm256_unpacklo_ps(a[j], a[j + 1]);
    b[j + 1] = _mm256_unpackhi_ps(a[j], a[j + 1]);
  }
  UNROLLED
  for (int j = 0; j < 8; j += 4)
    UNROLLED
    for (int i = 0; i < 2; ++i) {
      a[j + 2 * i] = _mm256_shuffle_ps(b[j + i], b[j + 2 + i], 0x44);
      a[j + 2 * i + 1] = _mm256_shuffle_ps(b[j + i], b[j + 2 + i], 0xee);
    }
  UNROLLED
  for (int i = 0; i < 4; ++i) {
    _mm256_storeu_ps(target + i * target_row, _mm256_permute2f128_ps(a[i], a[i + 4], 0x20));
    _mm256_storeu_ps(target + (i + 4) * target_row, _mm256_permute2f128_ps(a[i], a[i + 4], 0x31));
  }
}
#else
inline void transpose_block(float* target, long target_row, const float* source, long source_row) {
  for (long i = 0; i < 8; ++i)
    for (long j = 0; j < 8; ++j) target[i * target_row + j] = source[j * source_row + i];
}
#endif

// target (rows x columns, rows apart by target_row) = the matrix.
inline void copy(float* target, long target_row, Matrix matrix, long rows, long columns) {
  if (matrix.row == 1) {
    const long whole = rows / 8 * 8, wide = columns / 8 * 8;
    for (long i = 0; i < whole; i += 8)
      for (long j = 0; j < wide; j += 8)
        transpose_block(target + i * target_row + j, target_row, matrix.data + i + j * matrix.column,
                        matrix.column);
    for (long i = 0; i < rows; ++i)
      for (long j = i < whole ? wide : 0; j < columns; ++j)
        target[i * target_row + j] = matrix.data[i + j * matrix.column];
    return;
  }
  for (long i = 0; i < rows; ++i)
    for (long j = 0; j < columns; ++j)
      target[i * target_row + j] = matrix.data[i * matrix.row + j * matrix.column];
}

inline void multiply(float* result, Matrix left, Matrix right, long rows, long columns, long depth,
                     bool adds) {
  thread_local std::vector<float> panel;
  const bool copies = right.column != 1;
  if (copies) panel.resize(PANEL * depth);
  for (long first = 0; first < columns; first += PANEL) {
    const long width = std::min(PANEL, columns - first);
    Matrix part{right.data + first * right.column, right.row, right.column};
    if (copies) {
      copy(panel.data(), PANEL, part, depth, width);
      part = {panel.data(), PANEL, 1};
    }
    const long vectors = (width + LANES - 1) / LANES, last = width - (vectors - 1) * LANES;
    auto multiply_with = [&]<bool WHOLE>() {
      auto by = vectors == 1 ? multiply_panel<1, WHOLE> : multiply_panel<2, WHOLE>;
      by(result + first, columns, left, part, rows, depth, last, adds);
    };
    if (last == LANES)
      multiply_with.template operator()<true>();
    else
      multiply_with.template operator()<false>();
  }
}

// result (rows x columns), contiguous = left (rows x depth) @ right (depth x columns), or that is added.
inline void one(float* result, Matrix left, Matrix right, long rows, long columns, long depth,
                bool adds) {
  thread_local std::vector<float> transposed;
  if (right.column == 1 || rows >= columns) return multiply(result, left, right, rows, columns, depth, adds);
  transposed.resize(rows * columns);
  if (adds) copy(transposed.data(), rows, {result, 1, columns}, columns, rows);
  multiply(transposed.data(), {right.data, right.column, right.row}, {left.data, left.column, left.row},
           columns, rows, depth, adds);
  copy(result, columns, {transposed.data(), 1, rows}, rows, columns);
}

inline void batched(float* result, Matrix left, long left_batch, Matrix right, long right_batch,
                    long batch, long rows, long columns, long depth) {
  for (long i = 0; i < batch; ++i, left.data += left_batch, right.data += right_batch)
    one(result + i * rows * columns, left, right, rows, columns, depth, false);
}

}  // namespace matmul
