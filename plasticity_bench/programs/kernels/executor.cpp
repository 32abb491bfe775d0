// Executes a lowered program: a list of instructions on buffers, without Python in between.
//
// programs/lowering.py writes the instructions; this file fixes what each computes, to the bit:
//  - elementwise operations are rounded once each, in the order of the program; a group of them runs
//    tile by tile, so that values between them stay in the cache;
//  - a product of matrices adds its terms in the order of the depth, by one fused multiply-add each;
//  - a sum has eight partial sums in double precision, of the terms whose index is 0 to 7 modulo 8,
//    which are then added in pairs, whatever the layout in memory;
//  - elementary functions are those of elementary.h.
// None of this depends on the width of the processor's vectors, nor on how many replicas there are.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "convolution.h"
#include "elementary.h"
#include "matmul.h"
#include "rank_matching.h"

namespace {

constexpr int64_t TILE = 256, MAX_REGISTERS = 96, MAX_DIMS = 8, LANES = 8;
constexpr int64_t MAX_LOADS = 96;

enum Type { F32, F64, I64, BOOL };
constexpr int64_t SIZES[] = {4, 8, 8, 1};

// ---- walking through strided memory --------------------------------------------------------------

struct Walk {  // a position in a strided tensor, advanced in the order of its logical elements
  int64_t ndim, shape[MAX_DIMS], strides[MAX_DIMS], index[MAX_DIMS], offset;

  const int64_t* read(const int64_t* code) {  // ndim, shape..., strides...
    ndim = *code++;
    for (int64_t d = 0; d < ndim; ++d) shape[d] = *code++;
    for (int64_t d = 0; d < ndim; ++d) strides[d] = *code++;
    start();
    return code;
  }
  void start() {
    offset = 0;
    for (int64_t d = 0; d < ndim; ++d) index[d] = 0;
  }
  int64_t count() const {
    int64_t n = 1;
    for (int64_t d = 0; d < ndim; ++d) n *= shape[d];
    return n;
  }
  // Elements left in the innermost dimension.
  int64_t run() const { return ndim ? shape[ndim - 1] - index[ndim - 1] : 1; }
  int64_t stride() const { return ndim ? strides[ndim - 1] : 0; }
  void advance(int64_t n) {  // at most run()
    if (!ndim) return;
    int64_t d = ndim - 1;
    index[d] += n;
    offset += n * strides[d];
    while (index[d] == shape[d]) {
      offset -= shape[d] * strides[d];
      index[d] = 0;
      if (--d < 0) return;
      ++index[d];
      offset += strides[d];
    }
  }
};

template <class T>
void gather_tile(T* target, const T* base, Walk& walk, int64_t n) {
  for (int64_t i = 0; i < n;) {
    const int64_t run = std::min(n - i, walk.run()), stride = walk.stride();
    const T* source = base + walk.offset;
    if (stride == 1)
      std::memcpy(target + i, source, run * sizeof(T));
    else if (stride == 0)
      std::fill(target + i, target + i + run, *source);
    else
      for (int64_t j = 0; j < run; ++j) target[i + j] = source[j * stride];
    walk.advance(run);
    i += run;
  }
}

template <class T>
void scatter_tile(T* base, const T* source, Walk& walk, int64_t n) {
  for (int64_t i = 0; i < n;) {
    const int64_t run = std::min(n - i, walk.run()), stride = walk.stride();
    T* target = base + walk.offset;
    for (int64_t j = 0; j < run; ++j) target[j * stride] = source[i + j];
    walk.advance(run);
    i += run;
  }
}

template <class F>
void by_type(int64_t type, F f) {
  switch (type) {
    case F32: f(float{}); break;
    case F64: f(double{}); break;
    case I64: f(int64_t{}); break;
    default: f(uint8_t{});
  }
}

// ---- elementwise operations ----------------------------------------------------------------------

enum Op {
  ADD, SUB, MUL, DIV, MAXIMUM, MINIMUM, POW, REMAINDER,
  EQ, NE, LT, LE, GT, GE, AND, OR, XOR, SHIFT_LEFT, SHIFT_RIGHT,
  NEG, ABS, SQRT, EXP, LOG, SIN, COS, TANH, ERF, SIGMOID, RSQRT, RECIPROCAL, FLOOR, CEIL, ROUND,
  TRUNC, SIGN, ISNAN, RELU, NOT, EXPM1, LOG1P, CAST, WHERE, COPY
};

struct Micro { int64_t op, type, target, a, b, c, source_type; };

#define EACH(T, R, value)                                 \
  {                                                       \
    const T* x = (const T*)r[m.a];                        \
    R* o = (R*)r[m.target];                               \
    _Pragma("GCC ivdep") for (int64_t i = 0; i < n; ++i) {\
      const T u = x[i];                                   \
      o[i] = value;                                       \
    }                                                     \
  }                                                       \
  return;
#define PAIR(T, R, value)                                 \
  {                                                       \
    const T *x = (const T*)r[m.a], *y = (const T*)r[m.b]; \
    R* o = (R*)r[m.target];                               \
    _Pragma("GCC ivdep") for (int64_t i = 0; i < n; ++i) {\
      const T u = x[i], v = y[i];                         \
      o[i] = value;                                       \
    }                                                     \
  }                                                       \
  return;

template <class T>
bool all_equal(const T* x, int64_t n) {
  return std::memcmp(x, x + 1, (n - 1) * sizeof(T)) == 0;
}

// Weights' counts of updates are mostly equal: then one power serves for a whole tile.
template <class T>
void power(const Micro& m, char** r, int64_t n) {
  const T *base = (const T*)r[m.a], *exponent = (const T*)r[m.b];
  if (all_equal(base, n) && all_equal(exponent, n)) {
    std::fill_n((T*)r[m.target], n, (T)elementary::pow((double)*base, (double)*exponent));
    return;
  }
  PAIR(T, T, (T)elementary::pow((double)u, (double)v))
}

template <class T>
void run_number(const Micro& m, char** r, int64_t n) {
  constexpr bool real = !std::is_same_v<T, int64_t>;
  using D = double;
  switch (m.op) {
    case ADD: PAIR(T, T, u + v)
    case SUB: PAIR(T, T, u - v)
    case MUL: PAIR(T, T, u * v)
    case MAXIMUM: PAIR(T, T, (u > v || u != u) ? u : v)
    case MINIMUM: PAIR(T, T, (u < v || u != u) ? u : v)
    case REMAINDER: PAIR(T, T, elementary::remainder<T>(u, v))
    case EQ: PAIR(T, uint8_t, u == v)
    case NE: PAIR(T, uint8_t, u != v)
    case LT: PAIR(T, uint8_t, u < v)
    case LE: PAIR(T, uint8_t, u <= v)
    case GT: PAIR(T, uint8_t, u > v)
    case GE: PAIR(T, uint8_t, u >= v)
    case NEG: EACH(T, T, -u)
    case ABS: EACH(T, T, std::abs(u))
    case SIGN: EACH(T, T, (T)((u > 0) - (u < 0)))
    case RELU: EACH(T, T, u < 0 ? (T)0 : u)
    case COPY: EACH(T, T, u)
  }
  if constexpr (real) switch (m.op) {
    case DIV: PAIR(T, T, u / v)
    case POW: return power<T>(m, r, n);
    case SQRT: EACH(T, T, std::sqrt(u))
    case RSQRT: EACH(T, T, (T)(1.0 / std::sqrt((D)u)))
    case RECIPROCAL: EACH(T, T, (T)1 / u)
    case EXP: EACH(T, T, (T)elementary::exp((D)u))
    case LOG: EACH(T, T, (T)elementary::log((D)u))
    case SIN: EACH(T, T, (T)elementary::sine((D)u, 0))
    case COS: EACH(T, T, (T)elementary::sine((D)u, 1))
    case TANH: EACH(T, T, (T)elementary::tanh((D)u))
    case ERF: EACH(T, T, (T)elementary::erf((D)u))
    case SIGMOID: EACH(T, T, (T)elementary::sigmoid((D)u))
    case EXPM1: EACH(T, T, (T)elementary::expm1((D)u))
    case LOG1P: EACH(T, T, (T)elementary::log1p((D)u))
    case FLOOR: EACH(T, T, std::floor(u))
    case CEIL: EACH(T, T, std::ceil(u))
    case ROUND: EACH(T, T, std::nearbyint(u))
    case TRUNC: EACH(T, T, std::trunc(u))
    case ISNAN: EACH(T, uint8_t, u != u)
  }
  else switch (m.op) {
    case AND: PAIR(T, T, u & v)
    case OR: PAIR(T, T, u | v)
    case XOR: PAIR(T, T, u ^ v)
    case SHIFT_LEFT: PAIR(T, T, u << v)
    case SHIFT_RIGHT: PAIR(T, T, u >> v)
  }
}

void run_bool(const Micro& m, char** r, int64_t n) {
  using B = uint8_t;
  switch (m.op) {
    case AND: case MUL: case MINIMUM: PAIR(B, B, u & v)
    case OR: case ADD: case MAXIMUM: PAIR(B, B, u | v)
    case XOR: case NE: PAIR(B, B, u ^ v)
    case EQ: PAIR(B, B, u == v)
    case NOT: EACH(B, B, !u)
    case COPY: EACH(B, B, u)
  }
}

template <class S>
void cast(const Micro& m, char** r, int64_t n) {
  switch (m.type) {
    case F32: EACH(S, float, (float)u)
    case F64: EACH(S, double, (double)u)
    case I64: EACH(S, int64_t, (int64_t)u)
    default: EACH(S, uint8_t, (uint8_t)(u != 0))
  }
}

template <class T>
void where(const Micro& m, char** r, int64_t n) {
  const uint8_t* c = (const uint8_t*)r[m.a];
  const T *x = (const T*)r[m.b], *y = (const T*)r[m.c];
  T* o = (T*)r[m.target];
  _Pragma("GCC ivdep") for (int64_t i = 0; i < n; ++i) o[i] = c[i] ? x[i] : y[i];
}

void run_micro(const Micro& m, char** r, int64_t n) {
  if (m.op == WHERE) return by_type(m.type, [&](auto t) { where<decltype(t)>(m, r, n); });
  if (m.op == CAST) return by_type(m.source_type, [&](auto t) { cast<decltype(t)>(m, r, n); });
  switch (m.type) {
    case F32: return run_number<float>(m, r, n);
    case F64: return run_number<double>(m, r, n);
    case I64: return run_number<int64_t>(m, r, n);
    default: return run_bool(m, r, n);
  }
}

struct Access { int64_t reg, type, kind; char* base; Walk walk; };
enum Kind { CONTIGUOUS, STRIDED, ONE };

const int64_t* read_access(Access& access, const int64_t* code, char** buffers) {
  access.reg = code[0];
  access.type = code[1];
  access.kind = code[2];
  access.base = buffers[code[3]] + code[4] * SIZES[access.type];
  return access.walk.read(code + 5);
}

// total, constants: n, (register, type, bits)...; loads: n, access...; operations: n, micro...;
// stores: n, access...
void elementwise(const int64_t* code, char** buffers) {
  static thread_local char memory[MAX_REGISTERS][TILE * 8] __attribute__((aligned(64)));
  static thread_local Access loads[MAX_LOADS], stores[MAX_LOADS];
  char* r[MAX_REGISTERS];
  const int64_t total = *code++, num_constants = *code++;
  for (int64_t i = 0; i < MAX_REGISTERS; ++i) r[i] = memory[i];
  for (int64_t i = 0; i < num_constants; ++i, code += 3)
    by_type(code[1], [&](auto t) {
      decltype(t) value;
      std::memcpy(&value, &code[2], sizeof value);
      std::fill_n((decltype(t)*)r[code[0]], std::min(total, TILE), value);
    });
  const int64_t num_loads = *code++;
  for (int64_t i = 0; i < num_loads; ++i) {
    code = read_access(loads[i], code, buffers);
    if (loads[i].kind == ONE)
      by_type(loads[i].type, [&](auto t) {
        using T = decltype(t);
        std::fill_n((T*)r[loads[i].reg], std::min(total, TILE), *(const T*)loads[i].base);
      });
  }
  const int64_t num_micros = *code++;
  const Micro* micros = (const Micro*)code;
  code += num_micros * (sizeof(Micro) / 8);
  const int64_t num_stores = *code++;
  for (int64_t i = 0; i < num_stores; ++i) code = read_access(stores[i], code, buffers);
  for (int64_t first = 0; first < total; first += TILE) {
    const int64_t n = std::min(TILE, total - first);
    for (int64_t i = 0; i < num_loads; ++i) {
      Access& load = loads[i];
      if (load.kind == CONTIGUOUS) {
        r[load.reg] = load.base + first * SIZES[load.type];
      } else if (load.kind == STRIDED && load.walk.stride() == 1 && load.walk.run() >= n) {
        r[load.reg] = load.base + load.walk.offset * SIZES[load.type];
        load.walk.advance(n);
      } else if (load.kind == STRIDED) {
        r[load.reg] = memory[load.reg];
        by_type(load.type, [&](auto t) {
          using T = decltype(t);
          gather_tile((T*)r[load.reg], (const T*)load.base, load.walk, n);
        });
      }
    }
    for (int64_t i = 0; i < num_stores; ++i)
      if (stores[i].kind == CONTIGUOUS) r[stores[i].reg] = stores[i].base + first * SIZES[stores[i].type];
    for (int64_t i = 0; i < num_micros; ++i) run_micro(micros[i], r, n);
    for (int64_t i = 0; i < num_stores; ++i) {
      Access& store = stores[i];
      if (store.kind != CONTIGUOUS)
        by_type(store.type, [&](auto t) {
          using T = decltype(t);
          scatter_tile((T*)store.base, (const T*)r[store.reg], store.walk, n);
        });
    }
  }
}

// ---- reductions ----------------------------------------------------------------------------------

enum Reduction { SUM, MEAN, AMAX, AMIN, ARGMAX, ARGMIN, ANY, ALL, VARIANCE };

double added(const double* lanes, int64_t step) {
  const double *l = lanes;
  const int64_t s = step;
  return ((l[0] + l[4 * s]) + (l[2 * s] + l[6 * s])) + ((l[s] + l[5 * s]) + (l[3 * s] + l[7 * s]));
}

// Adds f(term) for the terms of a reduction to eight lanes.
template <class T, class F>
void add_terms(double* lanes, const T* base, Walk& walk, F f) {
  walk.start();
  const int64_t total = walk.count();
  for (int64_t i = 0; i < total;) {
    const int64_t run = std::min(total - i, walk.run()), stride = walk.stride();
    const T* p = base + walk.offset;
    int64_t j = 0;
    for (; j < run && ((i + j) & 7); ++j) lanes[(i + j) & 7] += f(p[j * stride]);
    if (stride == 1) {
      for (; j + 8 <= run; j += 8)
        for (int64_t l = 0; l < 8; ++l) lanes[l] += f(p[j + l]);
    } else {
      for (; j + 8 <= run; j += 8)
        for (int64_t l = 0; l < 8; ++l) lanes[l] += f(p[(j + l) * stride]);
    }
    for (; j < run; ++j) lanes[(i + j) & 7] += f(p[j * stride]);
    walk.advance(run);
    i += run;
  }
}

template <class T, class F>
double sum_of(const T* base, Walk& walk, F f) {
  double lanes[LANES] = {};
  add_terms(lanes, base, walk, f);
  return added(lanes, 1);
}

// Sums whose results lie side by side: the terms of 64 of them at a time.
template <class T, class O>
void sum_columns(O* out, const T* base, int64_t columns, Walk& walk, double divisor) {
  constexpr int64_t WIDTH = 64;
  double lanes[LANES][WIDTH];
  const int64_t total = walk.count();
  for (int64_t first = 0; first < columns; first += WIDTH) {
    const int64_t width = std::min(WIDTH, columns - first);
    for (auto& lane : lanes) std::fill_n(lane, width, 0.0);
    walk.start();
    for (int64_t i = 0; i < total; ++i, walk.advance(1)) {
      const T* p = base + walk.offset + first;
      double* lane = lanes[i & 7];
      for (int64_t j = 0; j < width; ++j) lane[j] += (double)p[j];
    }
    for (int64_t j = 0; j < width; ++j) {
      const double sum = added(&lanes[0][j], WIDTH);
      out[first + j] = (O)(divisor == 1.0 ? sum : sum / divisor);
    }
  }
}

template <bool LARGEST, class T>
int64_t best(const T* base, Walk& walk) {
  walk.start();
  const int64_t total = walk.count();
  int64_t at = 0;
  T chosen = base[0];
  for (int64_t i = 0; i < total;) {
    const int64_t run = std::min(total - i, walk.run()), stride = walk.stride();
    const T* p = base + walk.offset;
    for (int64_t j = 0; j < run; ++j) {  // no branches: which term is best cannot be foreseen
      const T x = p[j * stride];
      const bool better = (LARGEST ? x > chosen : x < chosen) | ((x != x) & (chosen == chosen));
      chosen = better ? x : chosen;
      at = better ? i + j : at;
    }
    walk.advance(run);
    i += run;
  }
  return at;
}

template <bool LARGEST, class T>
T extreme(const T* base, Walk& walk) {
  walk.start();
  const int64_t total = walk.count();
  T chosen = base[0];
  for (int64_t i = 0; i < total;) {
    const int64_t run = std::min(total - i, walk.run()), stride = walk.stride();
    const T* p = base + walk.offset;
    for (int64_t j = 0; j < run; ++j) {
      const T x = p[j * stride];
      chosen = (LARGEST ? x > chosen : x < chosen) | (x != x) ? x : chosen;
    }
    walk.advance(run);
    i += run;
  }
  return chosen;
}

// kind, type, input, offset, output, number that a sum is divided by (as bits); kept, reduced: walks
void reduce(const int64_t* code, char** buffers) {
  const int64_t kind = code[0], type = code[1], offset = code[3];
  double divisor;
  std::memcpy(&divisor, &code[5], 8);
  char* output = buffers[code[4]];
  Walk kept, reduced;
  reduced.read(kept.read(code + 6));
  const int64_t count = kept.count(), terms = reduced.count();
  by_type(type, [&](auto t) {
    using T = decltype(t);
    const T* base = (const T*)buffers[code[2]] + offset;
    if constexpr (std::is_floating_point_v<T>) {
      if ((kind == SUM || kind == MEAN) && kept.stride() == 1 && kept.shape[kept.ndim - 1] > 1 &&
          reduced.stride() != 1) {
        const int64_t columns = kept.shape[kept.ndim - 1];
        for (int64_t i = 0; i < count; i += columns, kept.advance(columns))
          sum_columns((T*)output + i, base + kept.offset, columns, reduced, divisor);
        return;
      }
    }
    for (int64_t i = 0; i < count; ++i, kept.advance(1)) {
      const T* from = base + kept.offset;
      if (kind == ARGMAX || kind == ARGMIN) {
        ((int64_t*)output)[i] = kind == ARGMAX ? best<true>(from, reduced) : best<false>(from, reduced);
      } else if (kind == AMAX || kind == AMIN) {
        ((T*)output)[i] = kind == AMAX ? extreme<true>(from, reduced) : extreme<false>(from, reduced);
      } else if (kind == ANY || kind == ALL) {
        uint8_t result = kind == ALL;
        reduced.start();
        for (int64_t j = 0; j < terms; ++j, reduced.advance(1))
          result = kind == ANY ? result | (from[reduced.offset] != 0)
                               : result & (from[reduced.offset] != 0);
        ((uint8_t*)output)[i] = result;
      } else if constexpr (std::is_floating_point_v<T>) {
        double sum = sum_of(from, reduced, [](T x) { return (double)x; });
        if (kind == VARIANCE) {
          const double mean = sum / (double)terms;
          sum = sum_of(from, reduced, [mean](T x) { return ((double)x - mean) * ((double)x - mean); });
        }
        ((T*)output)[i] = (T)(divisor == 1.0 ? sum : sum / divisor);
      } else {
        int64_t sum = 0;
        reduced.start();
        for (int64_t j = 0; j < terms; ++j, reduced.advance(1)) sum += (int64_t)from[reduced.offset];
        ((int64_t*)output)[i] = sum;
      }
    }
  });
}

// type, input, offset, output; outer: a walk; n, stride along the dimension; output strides likewise
void cumulate(const int64_t* code, char** buffers) {
  const int64_t n = code[4], stride = code[5], out_stride = code[6];
  Walk walk, target;
  target.read(walk.read(code + 7));
  by_type(code[0], [&](auto t) {
    using T = decltype(t);
    using A = std::conditional_t<std::is_floating_point_v<T>, double, int64_t>;
    const T* base = (const T*)buffers[code[1]] + code[2];
    const int64_t rows = walk.count();
    for (int64_t i = 0; i < rows; ++i, walk.advance(1), target.advance(1)) {
      A sum = 0;
      for (int64_t j = 0; j < n; ++j) {
        sum += (A)base[walk.offset + j * stride];
        ((T*)buffers[code[3]])[target.offset + j * out_stride] = (T)sum;
      }
    }
  });
}

// ---- indices -------------------------------------------------------------------------------------

// type, scatters, source, offset, index, offset, output; n along the dimension; stride of the source,
// of the output along it; walks of the index, of the source and of the output without the dimension.
// Gather reads source[index]; scatter adds the source to output[index], in the order of the index.
void indexed(const int64_t* code, char** buffers) {
  const int64_t scatters = code[1], size = code[7], along = code[8];
  Walk index, source, target;
  target.read(source.read(index.read(code + 9)));
  const int64_t* indices = (const int64_t*)buffers[code[4]] + code[5];
  const int64_t count = index.count();
  by_type(code[0], [&](auto t) {
    using T = decltype(t);
    const T* from = (const T*)buffers[code[2]] + code[3];
    T* to = (T*)buffers[code[6]];
    for (int64_t i = 0; i < count; ++i, index.advance(1), source.advance(1), target.advance(1)) {
      int64_t chosen = indices[index.offset];
      chosen = std::min(std::max(chosen, (int64_t)0), size - 1);
      if (scatters)
        to[target.offset + chosen * along] += from[source.offset];
      else
        to[target.offset] = from[source.offset + chosen * along];
    }
  });
}

// ---- products ------------------------------------------------------------------------------------

// left, offset, right, offset, result; batch, rows, columns, depth; strides of left (3), right (3)
void product(const int64_t* code, char** buffers) {
  const float* left = (const float*)buffers[code[0]] + code[1];
  const float* right = (const float*)buffers[code[2]] + code[3];
  float* result = (float*)buffers[code[4]];
  const int64_t batch = code[5], rows = code[6], columns = code[7], depth = code[8];
  const int64_t *l = code + 9, *r = code + 12;
  matmul::batched(result, {left, l[1], l[2]}, l[0], {right, r[1], r[2]}, r[0], batch, rows, columns,
                  depth);
}

// what (0 forward, 1 input's gradient, 2 weight's gradient), weight's buffer; of the images and of the
// outputs: buffer, offset, strides of images and of groups; sizes
void convolve(const int64_t* code, char** buffers) {
  auto blocks = [&](const int64_t* c) {
    return convolution::Blocks{(float*)buffers[c[0]] + c[1], (long)c[2], (long)c[3]};
  };
  const auto& sizes = *(const convolution::Convolution*)(code + 10);
  convolution::run((convolution::What)code[0], blocks(code + 2), (float*)buffers[code[1]],
                   blocks(code + 6), sizes);
}

struct Pooling { int64_t planes, height, width, out_h, out_w, kernel[2], stride[2], padding[2]; };

// The largest of one window, which may reach beyond the image, and where it is.
void pool_window(const float* image, float* pooled, int64_t* place, const Pooling& p, int64_t i, int64_t j) {
  int64_t at = -1;
  for (int64_t y = i * p.stride[0] - p.padding[0], y_end = y + p.kernel[0]; y < y_end; ++y)
    for (int64_t x = j * p.stride[1] - p.padding[1], x_end = x + p.kernel[1]; x < x_end; ++x) {
      if (y < 0 || y >= p.height || x < 0 || x >= p.width) continue;
      const float value = image[y * p.width + x];
      if (at < 0 || value > image[at] || value != value) at = y * p.width + x;
    }
  *pooled = image[at];
  *place = at;
}

constexpr int64_t POOLED = 16;  // windows that are looked at together
typedef float Floats __attribute__((vector_size(POOLED * 4)));
typedef int32_t Integers __attribute__((vector_size(POOLED * 4)));
typedef int64_t Longs __attribute__((vector_size(POOLED * 8)));

// Numbers that lie `stride` apart, of which n are needed; STRIDE is 1 or 2 where it is known to the
// compiler and the memory of as many as POOLED can be read.
template <int STRIDE>
Floats strided(const float* from, int64_t stride, int64_t n) {
  Floats values = {};
  if (STRIDE == 1) {
    std::memcpy(&values, from, sizeof values);
  } else if (STRIDE == 2) {  // the lower halves of pairs
    Longs pairs;
    std::memcpy(&pairs, from, sizeof pairs);
    values = (Floats)__builtin_convertvector(pairs, Integers);
  } else {
    for (int64_t j = 0; j < n; ++j) values[j] = from[j * stride];
  }
  return values;
}

// The same of n windows of a row, at most POOLED, which lie in the image from `first` on. WHOLE: there
// is memory for as many as POOLED results.
template <int STRIDE, bool WHOLE>
void pool_some(const float* image, float* pooled, int64_t* indices, const Pooling& p, int64_t first,
               int64_t n) {
  const int64_t stride = p.stride[1];
  Floats best = Floats{} - INFINITY;
  Integers at, place;
  for (int32_t j = 0; j < POOLED; ++j) place[j] = (int32_t)first + j * (int32_t)stride;
  at = place;
  for (int64_t y = 0; y < p.kernel[0]; ++y)
    for (int64_t x = 0; x < p.kernel[1]; ++x) {
      const int64_t begin = y * p.width + x;
      const Floats value = strided<STRIDE>(image + first + begin, stride, n);
      const Integers better = (value > best) | (value != value);
      best = better ? value : best;
      at = better ? place + (int32_t)begin : at;
    }
  if (WHOLE) {
    const Longs wide = __builtin_convertvector(at, Longs);
    std::memcpy(pooled, &best, sizeof best);
    std::memcpy(indices, &wide, sizeof wide);
    return;
  }
  for (int64_t j = 0; j < n; ++j) pooled[j] = best[j], indices[j] = at[j];
}

// left, room: how many numbers follow from the beginning of the image and of the results.
void pool_plane(const float* image, int64_t left, float* pooled, int64_t* indices, int64_t room,
                const Pooling& p) {
  // Windows of columns from `low` to `high` lie in the image.
  const int64_t low = std::min(p.out_w, (p.padding[1] + p.stride[1] - 1) / p.stride[1]);
  const int64_t space = p.width + p.padding[1] - p.kernel[1];
  const int64_t high = std::max(low, space < 0 ? 0 : std::min(p.out_w, space / p.stride[1] + 1));
  const int64_t reach = (p.kernel[0] - 1) * p.width + p.kernel[1] - 1 + POOLED * p.stride[1];
  auto by_stride = p.stride[1] == 1   ? pool_some<1, true>
                   : p.stride[1] == 2 ? pool_some<2, true>
                                      : pool_some<0, true>;
  for (int64_t i = 0; i < p.out_h; ++i) {
    const int64_t top = i * p.stride[0] - p.padding[0], row = i * p.out_w;
    const bool inside = top >= 0 && top + p.kernel[0] <= p.height;
    const int64_t from = inside ? low : 0, to = inside ? high : 0;
    for (int64_t j = 0; j < from; ++j) pool_window(image, pooled + row + j, indices + row + j, p, i, j);
    for (int64_t j = from; j < to; j += POOLED) {  // results after them, if any, are overwritten below
      const int64_t first = top * p.width + j * p.stride[1] - p.padding[1];
      const bool whole = first + reach <= left && row + j + POOLED <= room;
      (whole ? by_stride : pool_some<0, false>)(image, pooled + row + j, indices + row + j, p, first,
                                                std::min(POOLED, to - j));
    }
    for (int64_t j = to; j < p.out_w; ++j) pool_window(image, pooled + row + j, indices + row + j, p, i, j);
  }
}

// backward, image, pooled, indices buffers; sizes
void max_pool(const int64_t* code, char** buffers) {
  float *image = (float*)buffers[code[1]], *pooled = (float*)buffers[code[2]];
  int64_t* indices = (int64_t*)buffers[code[3]];
  const Pooling& p = *(const Pooling*)(code + 4);
  const int64_t size = p.height * p.width, places = p.out_h * p.out_w;
  if (code[0]) std::fill_n(image, p.planes * size, 0.f);
  for (int64_t plane = 0; plane < p.planes; ++plane, image += size, pooled += places, indices += places)
    if (code[0])
      for (int64_t i = 0; i < places; ++i) {  // a program may have computed the indices otherwise
        if ((uint64_t)indices[i] < (uint64_t)size) image[indices[i]] += pooled[i];
      }
    else
      pool_plane(image, (p.planes - plane) * size, pooled, indices, (p.planes - plane) * places, p);
}

// values, ordered, output buffers; rows, size of each; all contiguous
void match_ranks(const int64_t* code, char** buffers) {
  const float *values = (const float*)buffers[code[0]], *ordered = (const float*)buffers[code[1]];
  float* output = (float*)buffers[code[2]];
  const int64_t rows = code[3], size = code[4];
  for (int64_t i = 0; i < rows * size; i += size)
    rank_matching::match_row(output + i, values + i, ordered + i, size);
}

}  // namespace

// Runs a program: instructions of (kind, length, arguments...), on buffers given by their addresses.
extern "C" void plasticity_bench_run(const int64_t* code, int64_t length, char** buffers) {
  const int64_t* end = code + length;
  while (code < end) {
    const int64_t kind = code[0], size = code[1];
    const int64_t* arguments = code + 2;
    switch (kind) {
      case 0: elementwise(arguments, buffers); break;
      case 1: reduce(arguments, buffers); break;
      case 2: product(arguments, buffers); break;
      case 3: indexed(arguments, buffers); break;
      case 4: cumulate(arguments, buffers); break;
      case 5: convolve(arguments, buffers); break;
      case 6: max_pool(arguments, buffers); break;
      case 8: match_ranks(arguments, buffers); break;
      case 7: ((void (*)(char**))arguments[0])(buffers); break;  // the code of a group
    }
    code += size;
  }
}
