// SPDX-License-Identifier: Apache-2.0
// The online softmax of a row-major tile of scores, as flash attention over a BLAS needs it between its two
// products: for benchmarks that build such a loop to compare with. Units of log2.
#pragma once

#include <cstdint>

namespace ditscope::kernels::bench {

struct RowState {
  float max;  // running, -inf before the first tile
  float sum;  // running, of 2^(score - max)
};

// Replaces each of rows x columns scores by 2^(score - new running maximum of its row), and multiplies the
// row's `dim` outputs so far by 2^(old - new maximum). Everything is contiguous; scores are finite.
void softmaxTile(float* scores, int64_t rows, int64_t columns, RowState* state, float* outputs, int64_t dim);

}  // namespace ditscope::kernels::bench
