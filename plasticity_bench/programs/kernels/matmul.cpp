// Products of small float32 matrices, in batches, on one core.
//
// A block of the result stays in registers while the depth is run through once. The right matrix is
// read a vector at a time, so its columns must lie side by side in memory; where they do not, it is
// first copied, a panel of columns at a time. If the left matrix is the smaller one, the transposed
// product is computed instead, in which it is the one to be copied. Every product of a batch is
// computed alike, whatever the others are.

#include <ATen/cpu/vec/vec.h>
#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <algorithm>
#include <vector>

namespace {

using torch::stable::Tensor;
using Vector = at::vec::Vectorized<float>;
constexpr long LANES = Vector::size();

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

// What the last of a row's vectors takes up: all lanes; some, with room for the others where it is
// read; or some, and what follows must not be read.
enum class Last { WHOLE, PADDED, PARTIAL };

// result (R x columns) = left (R x depth) times right (depth x columns), V vectors of columns, of
// the last of which `last` lanes are in use.
template <int R, int V, Last LAST>
void multiply_block(float* result, long result_row, Matrix left, Matrix right, long depth,
                    long last) {
  Vector sums[R][V];
  UNROLLED
  for (int r = 0; r < R; ++r)
    UNROLLED
    for (int v = 0; v < V; ++v) {
      sums[r][v] = Vector(0.f);
      __builtin_prefetch(result + r * result_row + v * LANES, 1);  // is written to at the end
    }
  _Pragma("GCC unroll 8")  // fewer jumps, which end a short loop of their own accord
  for (long k = 0; k < depth; ++k) {
    Vector b[V];
    UNROLLED
    for (int v = 0; v < V; ++v)
      b[v] = LAST != Last::PARTIAL || v < V - 1
                 ? Vector::loadu(right.data + v * LANES)
                 : Vector::loadu(right.data + v * LANES, last);
    UNROLLED
    for (int r = 0; r < R; ++r) {
      const Vector a(left.data[r * left.row]);
      UNROLLED
      for (int v = 0; v < V; ++v) sums[r][v] = at::vec::fmadd(a, b[v], sums[r][v]);
    }
    left.data += left.column;
    right.data += right.row;
  }
  UNROLLED
  for (int r = 0; r < R; ++r)
    UNROLLED
    for (int v = 0; v < V; ++v)
      if (LAST == Last::WHOLE || v < V - 1)
        sums[r][v].store(result + r * result_row + v * LANES);
      else
        sums[r][v].store(result + r * result_row + v * LANES, last);
}

template <int V, Last LAST>
void multiply_panel(float* result, long result_row, Matrix left, Matrix right, long rows,
                    long depth, long last) {
  long row = 0;
  auto block = [&]<int R>() {
    for (; row + R <= rows; row += R)
      multiply_block<R, V, LAST>(result + row * result_row, result_row,
                           {left.data + row * left.row, left.row, left.column}, right, depth,
                           last);
  };
  block.template operator()<ROWS>();
  block.template operator()<4>();
  block.template operator()<2>();
  block.template operator()<1>();
}

// target (rows x columns, rows apart by target_row) = the matrix.
void copy(float* target, long target_row, Matrix matrix, long rows, long columns) {
  if (matrix.row == 1) {
    at::vec::transpose_mxn<float>(matrix.data, matrix.column, target, target_row, columns, rows);
    return;
  }
  for (long i = 0; i < rows; ++i)
    for (long j = 0; j < columns; ++j)
      target[i * target_row + j] = matrix.data[i * matrix.row + j * matrix.column];
}

void multiply(float* result, Matrix left, Matrix right, long rows, long columns, long depth) {
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
    auto multiply_with = [&]<Last LAST>() {
      auto by = vectors == 1 ? multiply_panel<1, LAST> : multiply_panel<2, LAST>;
      by(result + first, columns, left, part, rows, depth, last);
    };
    if (last == LANES)
      multiply_with.template operator()<Last::WHOLE>();
    else if (copies)
      multiply_with.template operator()<Last::PADDED>();
    else
      multiply_with.template operator()<Last::PARTIAL>();
  }
}

// A contiguous tensor, in half the time that torch::stable::new_empty takes.
Tensor empty(long batch, long rows, long columns) {
  const int64_t sizes[] = {batch, rows, columns}, strides[] = {rows * columns, columns, 1};
  AtenTensorHandle made;
  STABLE_TORCH_ERROR_CODE_CHECK(aoti_torch_empty_strided(
      3, sizes, strides, aoti_torch_dtype_float32(), aoti_torch_device_type_cpu(), 0, &made));
  return Tensor(made);
}

// result (batch, rows, columns), contiguous = left (batch, rows, depth) @ right (batch, depth,
// columns), of any strides.
Tensor bmm(Tensor left, Tensor right) {
  thread_local std::vector<float> transposed;
  const long batch = left.size(0), rows = left.size(1), depth = left.size(2);
  const long columns = right.size(2);
  Tensor result = empty(batch, rows, columns);
  const Matrix all_a{left.const_data_ptr<float>(), left.stride(1), left.stride(2)};
  const Matrix all_b{right.const_data_ptr<float>(), right.stride(1), right.stride(2)};
  const bool flips = all_b.column != 1 && rows < columns;
  if (flips) transposed.resize(rows * columns);
  for (long i = 0; i < batch; ++i) {
    const Matrix a{all_a.data + i * left.stride(0), all_a.row, all_a.column};
    const Matrix b{all_b.data + i * right.stride(0), all_b.row, all_b.column};
    float* target = result.mutable_data_ptr<float>() + i * rows * columns;
    if (flips) {
      multiply(transposed.data(), {b.data, b.column, b.row}, {a.data, a.column, a.row}, columns,
               rows, depth);
      copy(target, columns, {transposed.data(), 1, rows}, rows, columns);
    } else {
      multiply(target, a, b, rows, columns, depth);
    }
  }
  return result;
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(plasticity_bench, CPU, library) {
  library.impl("bmm", TORCH_BOX(&bmm));
}
