// Ranking by rank_matching.h as an operator of PyTorch.

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

namespace {

using torch::stable::Tensor;

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
    rank_matching::match_row(matched + row, numbers + row, references + row, size);
  return result;
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(plasticity_bench, CPU, library) {
  library.impl("match_ranks_native", TORCH_BOX(&match_ranks));
}
