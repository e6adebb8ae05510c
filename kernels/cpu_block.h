// SPDX-License-Identifier: Apache-2.0
// What the CPU kernel's driver asks of the SIMD code: one query block of one head at a time, on the best
// instruction set of the machine. Scratch belongs to a thread and is reused from block to block.
#pragma once

#include <hwy/aligned_allocator.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/attention.h"
#include "kernels/block_walk.h"

namespace ditscope::kernels {

// Keys and values of one head in fp32, [keys][dim] without gaps.

struct KeyValueRows {
  const float* k = nullptr;
  const float* v = nullptr;
};

// Memory for one query block.
class CpuScratch {
 public:
  explicit CpuScratch(const Geometry& geometry);

  float* qPanels;                 // [panels][dim][panel]
  float* qRows;                   // [4][dim rounded up to 16]
  float* scores;                  // [kBlock][qBlock]
  float* output;                  // [qBlock][dim rounded up to 16]
  float* rest;                    // [dim % lanes][qBlock], see ValueTile
  float* max;                     // [qBlock] running maximum, in units of log2
  float* sum;                     // [qBlock]
  float* blockMax;                // [qBlock]
  float* rescale;                 // [qBlock]
  float* lseRef;                  // [qBlock] SkipRule::lseRef in units of log2
  std::vector<uint8_t> attended;  // [kBlock][qBlock / 8] bits of a partial entry, transposed

 private:
  hwy::AlignedFreeUniquePtr<float[]> m_memory;
};

struct CpuTask {
  const AttentionArgs& args;
  const Geometry& geometry;
  KeyValueRows rows;
  int64_t b = 0, h = 0, g = 0;
};

// Writes outputs, LSE and statistics of the block; the counters are returned. `next` may be null: the task
// that this thread will probably get next, whose first rows are then fetched in time.
BlockCounts computeQueryBlock(const CpuTask& task, const CpuTask* next, CpuScratch& scratch);

// Rows [row0, row0 + rows) of (b, h) as fp32, zero from dim to rowLength.
void convertRows(const Tensor4& tensor, int64_t b, int64_t h, int64_t row0, int64_t rows, float* out,
                 int64_t rowLength);

// One set of query rows against all keys, for scoring blocks without values.
struct TileSums {
  const float* q;  // [rows][dim]
  int64_t rows;    // at most kMaxTileRows
  const float* k;  // [keys][dim]
  int64_t keys;
  int64_t kBlock;  // keys are summed in groups of so many
  int64_t dim;
  float scale;  // natural logits
  float* out;   // [ceil(keys / kBlock)][rows] log2 of the sum of exp(scale * q . k)
};
inline constexpr int64_t kMaxTileRows = 128;
void computeTileSums(const TileSums& sums);

// Sum of 2^(x - shift).
float sumExp2(const float* x, const float* shift, int64_t count);

}  // namespace ditscope::kernels
