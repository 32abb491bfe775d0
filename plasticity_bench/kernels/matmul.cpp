// Products of small float32 matrices, in batches, on one core.
//
// A block of the result stays in registers while the depth is run through once. The right matrix is
// read a vector at a time, so its columns must lie side by side in memory; where they do not, it is
// first copied, a panel of columns at a time. If the left matrix is the smaller one, the transposed
// product is computed instead, in which it is the one to be copied. Every product of a batch is
// computed alike, whatever the others are.

#include <ATen/cpu/vec/vec.h>

#include <algorithm>
#include <vector>

namespace {

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

// result (R x columns) = left (R x depth) times right (depth x columns), columns <= V * LANES.
template <int R, int V>
void multiply_block(float* result, long result_row, Matrix left, Matrix right, long depth,
                    long columns) {
  Vector sums[R][V];
  for (auto& row : sums)
    for (auto& sum : row) sum = Vector(0.f);
  const long last = columns - (V - 1) * LANES;  // lanes in use of the last vector
  auto run = [&](auto load_last) {
    for (long k = 0; k < depth; ++k) {
      Vector b[V];
      for (int v = 0; v < V - 1; ++v) b[v] = Vector::loadu(right.data + v * LANES);
      b[V - 1] = load_last(right.data + (V - 1) * LANES);
      for (int r = 0; r < R; ++r) {
        const Vector a(left.data[r * left.row]);
        for (int v = 0; v < V; ++v) sums[r][v] = at::vec::fmadd(a, b[v], sums[r][v]);
      }
      left.data += left.column;
      right.data += right.row;
    }
  };
  if (last == LANES)
    run([](const float* data) { return Vector::loadu(data); });
  else
    run([last](const float* data) { return Vector::loadu(data, last); });
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V - 1; ++v) sums[r][v].store(result + r * result_row + v * LANES);
    sums[r][V - 1].store(result + r * result_row + (V - 1) * LANES, last);
  }
}

template <int V>
void multiply_panel(float* result, long result_row, Matrix left, Matrix right, long rows,
                    long depth, long columns) {
  long row = 0;
  auto block = [&]<int R>() {
    for (; row + R <= rows; row += R)
      multiply_block<R, V>(result + row * result_row, result_row,
                           {left.data + row * left.row, left.row, left.column}, right, depth,
                           columns);
  };
  block.template operator()<ROWS>();
  block.template operator()<4>();
  block.template operator()<2>();
  block.template operator()<1>();
}

// target (rows x columns, rows apart by target_row) = the matrix, whose rows are contiguous if
// row == 1 and whose columns are if column == 1.
void copy(float* target, long target_row, Matrix matrix, long rows, long columns) {
  long i = 0, j = 0;
  if (matrix.row == 1)
    for (j = 0; j + LANES <= columns; j += LANES)
      for (i = 0; i + LANES <= rows; i += LANES)
        at::vec::transpose_mxn<float>(matrix.data + j * matrix.column + i, matrix.column,
                                      target + i * target_row + j, target_row, LANES, LANES);
  const long whole_rows = i, whole_columns = j;  // what is left is copied one by one
  for (i = 0; i < rows; ++i)
    for (j = i < whole_rows ? whole_columns : 0; j < columns; ++j)
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
    auto panel_of = width <= LANES ? multiply_panel<1> : multiply_panel<VECTORS>;
    panel_of(result + first, columns, left, part, rows, depth, width);
  }
}

}  // namespace

// result (batch, rows, columns), contiguous = left (batch, rows, depth) @ right (batch, depth,
// columns), each with its strides.
extern "C" void plasticity_bench_bmm(float* result, const float* left, const float* right,
                                     long batch, long rows, long columns, long depth,
                                     long left_batch, long left_row, long left_column,
                                     long right_batch, long right_row, long right_column) {
  thread_local std::vector<float> transposed;
  const bool flips = right_column != 1 && rows < columns;
  if (flips) transposed.resize(rows * columns);
  for (long i = 0; i < batch; ++i) {
    const Matrix a{left + i * left_batch, left_row, left_column};
    const Matrix b{right + i * right_batch, right_row, right_column};
    float* target = result + i * rows * columns;
    if (flips) {
      multiply(transposed.data(), {b.data, b.column, b.row}, {a.data, a.column, a.row}, columns,
               rows, depth);
      copy(target, columns, {transposed.data(), 1, rows}, rows, columns);
    } else {
      multiply(target, a, b, rows, columns, depth);
    }
  }
}
