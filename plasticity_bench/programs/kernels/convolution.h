// Convolutions of float32 images, which are products with unfolded images.
//
// What a product computes is that of matmul.h: a chain of fused multiply-adds in the order of the
// depth (channel, row and column of the kernel), in which places outside of the image are zeros. The
// input's gradient adds such chains over the output's channels, in the order of the depth; the
// weight's gradient is one chain over the places of one image after the other.
//
// With a stride of one, images are never unfolded: a row of the unfolded image is the image with a
// border of zeros, read from another place on. So an image stays in the nearest cache.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "matmul.h"

namespace convolution {

using matmul::LANES;
using matmul::Vector;

struct Convolution {
  int64_t images, groups, in, out, height, width, kernel_h, kernel_w, stride_h, stride_w, pad_h,
      pad_w, dilation_h, dilation_w, out_h, out_w;  // in and out: channels of one group

  long depth() const { return in * kernel_h * kernel_w; }
  long places() const { return out_h * out_w; }
  long image_size() const { return in * height * width; }
};

// The images of all groups, or the outputs: one of one group is (channels, rows, columns), contiguous.
struct Blocks {
  float* data;
  long image, group;  // strides

  float* of(long n, long g) const { return data + n * image + g * group; }
};

// ---- with any stride, unfolded --------------------------------------------------------------------

// columns (depth, places) of one group of one image, (in, height, width)
inline void unfold(float* columns, const float* image, const Convolution& c) {
  for (int64_t channel = 0; channel < c.in; ++channel)
    for (int64_t y = 0; y < c.kernel_h; ++y)
      for (int64_t x = 0; x < c.kernel_w; ++x)
        for (int64_t i = 0; i < c.out_h; ++i) {
          const int64_t row = i * c.stride_h - c.pad_h + y * c.dilation_h;
          const int64_t first = x * c.dilation_w - c.pad_w;
          const bool inside = row >= 0 && row < c.height;
          const float* from = image + (channel * c.height + row) * c.width;
          for (int64_t j = 0; j < c.out_w; ++j) {
            const int64_t column = first + j * c.stride_w;
            *columns++ = inside && column >= 0 && column < c.width ? from[column] : 0.f;
          }
        }
}

// Adds columns to one group of one image, in their order.
inline void fold(float* image, const float* columns, const Convolution& c) {
  for (int64_t channel = 0; channel < c.in; ++channel)
    for (int64_t y = 0; y < c.kernel_h; ++y)
      for (int64_t x = 0; x < c.kernel_w; ++x)
        for (int64_t i = 0; i < c.out_h; ++i) {
          const int64_t row = i * c.stride_h - c.pad_h + y * c.dilation_h;
          const int64_t first = x * c.dilation_w - c.pad_w;
          if (row < 0 || row >= c.height) {
            columns += c.out_w;
            continue;
          }
          float* to = image + (channel * c.height + row) * c.width;
          for (int64_t j = 0; j < c.out_w; ++j, ++columns) {
            const int64_t column = first + j * c.stride_w;
            if (column >= 0 && column < c.width) to[column] += *columns;
          }
        }
}

enum What { FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT };

// One group of one image.
inline void unfolded(What what, float* image, float* weight, float* output, const Convolution& c,
                     bool adds) {
  static thread_local std::vector<float> columns;
  const long depth = c.depth(), places = c.places();
  columns.resize(depth * places);
  float* u = columns.data();
  if (what == INPUT_GRADIENT) {  // columns = weight^T output
    matmul::one(u, {weight, 1, depth}, {output, places, 1}, depth, places, c.out, false);
    std::fill_n(image, c.image_size(), 0.f);
    return fold(image, u, c);
  }
  unfold(u, image, c);
  if (what == FORWARD)
    matmul::one(output, {weight, depth, 1}, {u, places, 1}, c.out, places, depth, false);
  else
    matmul::one(weight, {output, places, 1}, {u, 1, places}, c.out, depth, places, adds);
}

// Rows are too short for memcpy.
inline void copy_row(float* to, const float* from, long n) {
  long j = 0;
  for (; j + LANES <= n; j += LANES) Vector::load(from + j).store(to + j);
  if (j == n) return;
  const Vector::Mask some = Vector::first(n - j);
  Vector::load(from + j, some).store(to + j, some);
}

// ---- with a stride of one -------------------------------------------------------------------------

// Planes with a border of zeros, and the vectors in which places (rows x columns) of them are
// computed: row by row, or across the border, whichever takes less of them.
struct Bordered {
  long planes, height, width;  // with the border
  long rows, columns, row_step, vectors;
  std::vector<long> positions;  // of the vectors, from the first place
  std::vector<float> data, computed;
  bool in_place;

  void shape(long planes_, long height_, long width_, long rows_, long columns_) {
    planes = planes_, height = height_, width = width_, rows = rows_, columns = columns_;
    const long by_row = (columns + LANES - 1) / LANES, across = (rows * width + LANES - 1) / LANES;
    const bool flat = across < rows * by_row;
    vectors = flat ? across : rows * by_row;
    row_step = flat ? width : by_row * LANES;
    positions.resize(vectors);
    for (long v = 0; v < vectors; ++v)
      positions[v] = flat ? v * LANES : v / by_row * width + v % by_row * LANES;
    // A vector may reach beyond the last place.
    data.assign(planes * height * width + width + 2 * LANES, 0.f);
  }
  // Fills in planes (height x width), of which the first element is at a place of the border.
  void fill(const float* from, long from_height, long from_width, long top, long left) {
    for (long p = 0; p < planes; ++p)
      for (long i = 0; i < from_height; ++i, from += from_width)
        copy_row(&data[(p * height + top + i) * width + left], from, from_width);
  }
  // Where planes of the result are computed: where they belong, if that is how they lie there.
  float* target(float* to, long count) {
    in_place = vectors * LANES == rows * columns && row_step == columns;
    if (in_place) return to;
    computed.resize(count * vectors * LANES);
    return computed.data();
  }
  void store(float* to, long count) const {  // what was computed
    if (in_place) return;
    for (long p = 0; p < count; ++p)
      for (long i = 0; i < rows; ++i, to += columns)
        copy_row(to, &computed[p * vectors * LANES + i * row_step], columns);
  }
};

// Calls f<R>(row) for blocks of R, and then of fewer, rows.
template <int R, class F>
void in_blocks(long rows, F f) {
  long row = 0;
  for (; row + R <= rows; row += R) f.template operator()<R>(row);
  if constexpr (R > 8) for (; row + 8 <= rows; row += 8) f.template operator()<8>(row);
  if constexpr (R > 4) for (; row + 4 <= rows; row += 4) f.template operator()<4>(row);
  if constexpr (R > 2) for (; row + 2 <= rows; row += 2) f.template operator()<2>(row);
  for (; row < rows; ++row) f.template operator()<1>(row);
}

template <int R, int V>
void forward_block(float* result, long result_row, const float* left, long depth, const float* base,
                   const long* offsets, const long* positions) {
  Vector sums[R][V];
  UNROLLED
  for (int r = 0; r < R; ++r)
    UNROLLED
    for (int v = 0; v < V; ++v) sums[r][v] = Vector(0.f);
  for (long k = 0; k < depth; ++k) {
    Vector b[V];
    UNROLLED
    for (int v = 0; v < V; ++v) b[v] = Vector::load(base + offsets[k] + positions[v]);
    UNROLLED
    for (int r = 0; r < R; ++r) {
      const Vector a(left[r * depth + k]);
      UNROLLED
      for (int v = 0; v < V; ++v) sums[r][v] = Vector::fma(a, b[v], sums[r][v]);
    }
  }
  UNROLLED
  for (int r = 0; r < R; ++r)
    UNROLLED
    for (int v = 0; v < V; ++v) sums[r][v].store(result + r * result_row + v * LANES);
}

// Sums of chains: for each of the kernel's places, a chain over the output's channels.
template <int R, int V>
void input_block(float* result, long result_row, const float* packed, long in, long out, long taps,
                 const float* base, long plane, const long* offsets, const long* positions) {
  Vector totals[R][V];
  const Vector one(1.f);
  UNROLLED
  for (int r = 0; r < R; ++r)
    UNROLLED
    for (int v = 0; v < V; ++v) totals[r][v] = Vector(0.f);
  for (long tap = 0; tap < taps; ++tap) {
    Vector sums[R][V];
    UNROLLED
    for (int r = 0; r < R; ++r)
      UNROLLED
      for (int v = 0; v < V; ++v) sums[r][v] = Vector(0.f);
    const float *left = packed + tap * out * in, *from = base + offsets[tap];
    for (long o = 0; o < out; ++o, left += in, from += plane) {
      Vector b[V];
      UNROLLED
      for (int v = 0; v < V; ++v) b[v] = Vector::load(from + positions[v]);
      UNROLLED
      for (int r = 0; r < R; ++r) {
        const Vector a(left[r]);
        UNROLLED
        for (int v = 0; v < V; ++v) sums[r][v] = Vector::fma(a, b[v], sums[r][v]);
      }
    }
    UNROLLED
    for (int r = 0; r < R; ++r)
      UNROLLED
      for (int v = 0; v < V; ++v) totals[r][v] = Vector::fma(sums[r][v], one, totals[r][v]);
  }
  UNROLLED
  for (int r = 0; r < R; ++r)
    UNROLLED
    for (int v = 0; v < V; ++v) totals[r][v].store(result + r * result_row + v * LANES);
}

// Continues chains with all channels of the output: those of X neighbouring places in each of Y rows
// of the kernel; PAIRED, of 2 X places, of which two take turns in a vector.
template <int Y, int X, int V, bool PAIRED>
void weight_block(float* sums_of, long sums_row, const float* base, const long* starts,
                  const float* right, long right_row, const Bordered& b) {
  Vector sums[Y][X][V];
  const float* rows[Y];
  auto each = [&](auto f) {
    UNROLLED
    for (int y = 0; y < Y; ++y)
      UNROLLED
      for (int x = 0; x < X; ++x)
        UNROLLED
        for (int v = 0; v < V; ++v) f(sums[y][x][v], sums_of + (y * X + x) * sums_row + v * LANES);
  };
  each([](Vector& sum, float* at) { sum = Vector::load(at); });
  for (int y = 0; y < Y; ++y) rows[y] = base + starts[y];
  for (long i = 0; i < b.rows; ++i)
    for (long q = i * b.width, end = q + b.columns; q < end; ++q, right += right_row) {
      Vector g[V];
      UNROLLED
      for (int v = 0; v < V; ++v)
        g[v] = PAIRED ? Vector::doubled(right) : Vector::load(right + v * LANES);
      UNROLLED
      for (int y = 0; y < Y; ++y) {
        const float* row = rows[y] + q;
        asm("" : "+r"(row));  // else numbers are kept for the next place, in too many registers
        UNROLLED
        for (int x = 0; x < X; ++x) {
          const Vector a = PAIRED ? Vector::pairs(row + 2 * x) : Vector(row[x]);
          UNROLLED
          for (int v = 0; v < V; ++v) sums[y][x][v] = Vector::fma(a, g[v], sums[y][x][v]);
        }
      }
    }
  each([](Vector& sum, float* at) { sum.store(at); });
}

// As many sums as hide the latency of a multiplication and fit in the registers, in at most 8 rows.
template <int X, int V>
constexpr int KERNEL_ROWS = std::max(1, std::min(8, (LANES >= 16 ? 16 : 10) / (X * V)));

constexpr int ROWS = LANES >= 16 ? 8 : 4;

// One group of all images, without a stride.
struct Direct {
  const Convolution& c;
  std::vector<long> offsets, starts;
  Bordered b;
  std::vector<float> packed, right;

  void border_image() {
    const long height = c.height + 2 * c.pad_h, width = c.width + 2 * c.pad_w;
    b.shape(c.in, height, width, c.out_h, c.out_w);
    offsets.clear();
    for (long channel = 0; channel < c.in; ++channel)
      for (long y = 0; y < c.kernel_h; ++y)
        for (long x = 0; x < c.kernel_w; ++x)
          offsets.push_back((channel * height + y * c.dilation_h) * width + x * c.dilation_w);
  }

  void forward(Blocks image, const float* weight, Blocks output, long group) {
    border_image();
    const long row = b.vectors * LANES;
    for (long n = 0; n < c.images; ++n) {
      b.fill(image.of(n, group), c.height, c.width, c.pad_h, c.pad_w);
      float* target = b.target(output.of(n, group), c.out);
      auto vectors = [&]<int V>(long first) {
        in_blocks<ROWS>(c.out, [&]<int R>(long o) {
          forward_block<R, V>(target + o * row + first * LANES, row, weight + o * c.depth(),
                              c.depth(), b.data.data(), offsets.data(), &b.positions[first]);
        });
      };
      in_blocks<2>(b.vectors, vectors);
      b.store(output.of(n, group), c.out);
    }
  }

  void input_gradient(Blocks image, const float* weight, Blocks output, long group) {
    const long top = std::max<long>(0, (c.kernel_h - 1) * c.dilation_h - c.pad_h);
    const long left = std::max<long>(0, (c.kernel_w - 1) * c.dilation_w - c.pad_w);
    const long height = top + std::max(c.out_h, c.height + c.pad_h);
    const long width = left + std::max(c.out_w, c.width + c.pad_w);
    const long taps = c.kernel_h * c.kernel_w;
    b.shape(c.out, height, width, c.height, c.width);
    offsets.clear();
    packed.resize(taps * c.out * c.in);
    for (long tap = 0; tap < taps; ++tap) {
      const long y = tap / c.kernel_w * c.dilation_h, x = tap % c.kernel_w * c.dilation_w;
      offsets.push_back((c.pad_h + top - y) * width + c.pad_w + left - x);
      for (long o = 0; o < c.out; ++o)
        for (long i = 0; i < c.in; ++i)
          packed[(tap * c.out + o) * c.in + i] = weight[(o * c.in + i) * taps + tap];
    }
    const long row = b.vectors * LANES;
    for (long n = 0; n < c.images; ++n) {
      b.fill(output.of(n, group), c.out_h, c.out_w, top, left);
      float* target = b.target(image.of(n, group), c.in);
      auto vectors = [&]<int V>(long first) {
        in_blocks<4>(c.in, [&]<int R>(long i) {
          input_block<R, V>(target + i * row + first * LANES, row, &packed[i], c.in, c.out, taps,
                            b.data.data(), height * width, offsets.data(), &b.positions[first]);
        });
      };
      in_blocks<LANES >= 16 ? 3 : 1>(b.vectors, vectors);
      b.store(image.of(n, group), c.in);
    }
  }

  void weight_gradient(Blocks image, float* weight, Blocks output, long group) {
    if (2 * c.out <= LANES && c.dilation_w == 1)
      weight_gradient<true>(image, weight, output, group);
    else
      weight_gradient<false>(image, weight, output, group);
  }

  // PAIRED: for few channels of the output, two places of the kernel fill a vector together.
  template <bool PAIRED>
  void weight_gradient(Blocks image, float* weight, Blocks output, long group) {
    constexpr long TOGETHER = PAIRED ? 2 : 1;
    border_image();
    const long of_row = (c.kernel_w + TOGETHER - 1) / TOGETHER;
    const long neighbours = c.dilation_w == 1 && of_row <= 5 ? of_row : 1;
    starts.clear();
    for (long row = 0; row < c.in * c.kernel_h; ++row)
      for (long x = 0; x < of_row; x += neighbours)
        starts.push_back(offsets[row * c.kernel_w + TOGETHER * x]);
    const long vectors = (c.out + LANES - 1) / LANES, row = vectors * LANES, right_row = row / TOGETHER;
    right.assign(c.places() * right_row, 0.f);
    packed.assign(starts.size() * neighbours * row, 0.f);
    auto by = [&]<int X>() {
      in_blocks<PAIRED ? 1 : 2>(vectors, [&]<int V>(long first) {
        in_blocks<KERNEL_ROWS<X, V>>((long)starts.size(), [&]<int Y>(long y) {
          weight_block<Y, X, V, PAIRED>(&packed[y * X * row + first * LANES], row, b.data.data(),
                                        &starts[y], &right[first * LANES], right_row, b);
        });
      });
    };
    for (long n = 0; n < c.images; ++n) {
      b.fill(image.of(n, group), c.height, c.width, c.pad_h, c.pad_w);
      matmul::copy(right.data(), right_row, {output.of(n, group), 1, c.places()}, c.places(), c.out);
      switch (neighbours) {
        case 1: by.template operator()<1>(); break;
        case 2: by.template operator()<2>(); break;
        case 3: by.template operator()<3>(); break;
        case 4: by.template operator()<4>(); break;
        case 5: by.template operator()<5>(); break;
      }
    }
    for (long o = 0; o < c.out; ++o)
      for (long k = 0; k < c.depth(); ++k) {
        const long x = k % c.kernel_w, place = k / c.kernel_w * of_row + x / TOGETHER;
        *weight++ = packed[place * row + o * TOGETHER + x % TOGETHER];
      }
  }
};

// Whether all are finite: then zeros beside the image add nothing to its gradient.
inline bool finite(const float* numbers, long count) {
  bool all = true;
  for (long i = 0; i < count; ++i) all &= std::abs(numbers[i]) <= 3.4028234663852886e38f;
  return all;
}

inline void run(What what, Blocks image, float* weight, Blocks output, const Convolution& c) {
  for (long g = 0; g < c.groups; ++g) {
    float* w = weight + g * c.out * c.depth();
    if (c.stride_h == 1 && c.stride_w == 1 &&
        (what != INPUT_GRADIENT || finite(w, c.out * c.depth()))) {
      Direct direct{c};
      if (what == FORWARD) direct.forward(image, w, output, g);
      if (what == INPUT_GRADIENT) direct.input_gradient(image, w, output, g);
      if (what == WEIGHT_GRADIENT) direct.weight_gradient(image, w, output, g);
      continue;
    }
    for (long n = 0; n < c.images; ++n)
      unfolded(what, image.of(n, g), w, output.of(n, g), c, n > 0);
  }
}

}  // namespace convolution
