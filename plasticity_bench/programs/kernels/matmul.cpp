// Batched products of matmul.h as an operator of PyTorch, for compiled updates.

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

namespace {

using torch::stable::Tensor;

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
  const long batch = left.size(0), rows = left.size(1), depth = left.size(2);
  const long columns = right.size(2);
  Tensor result = empty(batch, rows, columns);
  matmul::batched(result.mutable_data_ptr<float>(),
                  {left.const_data_ptr<float>(), left.stride(1), left.stride(2)}, left.stride(0),
                  {right.const_data_ptr<float>(), right.stride(1), right.stride(2)},
                  right.stride(0), batch, rows, columns, depth);
  return result;
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(plasticity_bench, CPU, library) {
  library.impl("bmm", TORCH_BOX(&bmm));
}
