// SPDX-License-Identifier: Apache-2.0
// The attention interface: softmax(scale * Q K^T) V over lists of blocks, with statistics that the kernel
// sees anyway. One declaration for the fp64 reference, the CPU kernels and the CUDA kernels; every variant
// passes the same conformance suite. Nothing here owns memory; all pointers live on the device of the call.
#pragma once

#include <cstdint>

namespace ditscope::kernels {

enum class DType : uint8_t { F32, F16, BF16 };

// Logical order (B, H, N, D) in any stride order; strides in elements; stride[3] == 1.
// On CUDA the strides of B, H and N must be multiples of 16 bytes.
struct Tensor4 {
  void* data = nullptr;
  DType dtype = DType::F32;
  int64_t size[4] = {0, 0, 0, 0};
  int64_t stride[4] = {0, 0, 0, 0};
};

// Which key blocks each query block visits, in visiting order: compressed rows, one list for each
// (b, h, query block). Key blocks that are not listed are skipped.
struct BlockList {
  int32_t qBlock = 64;                // 32, 64 or 128 rows
  int32_t kBlock = 64;                // 32, 64 or 128 keys
  int64_t batchStride = 0;            // in rows of rowStart, between batches; 0 = all batches share the lists
  int64_t headStride = 0;             // likewise between heads
  const int32_t* rowStart = nullptr;  // [.. ceil(Nq / qBlock) + 1] offsets into entry
  const uint32_t* entry = nullptr;    // bits 0..23 key block, bit 24 kPartialEntry
  // For partial entries: offset in uint64 words into partialBits (parallel to entry; ignored for full ones).
  const int64_t* partialOffset = nullptr;
  // One bit a (row, key), row-major with rows of kBlock bits: qBlock * kBlock / 64 words an entry, 1 =
  // attend.
  const uint64_t* partialBits = nullptr;
};
inline constexpr uint32_t kPartialEntry = 1u << 24;
inline constexpr uint32_t kKeyBlockMask = kPartialEntry - 1;

// Skips the softmax and PV of a block inside the loop, after its scores are known. The first block that a
// query block visits is never skipped, so that no row is emptied. NaN scores take no part in the decision,
// nor does a row whose denominator they have spoilt.
struct SkipRule {
  enum class Kind : uint8_t {
    None,
    Blasst,       // skip when gap < lnLambda (BLASST, arXiv 2512.12087, eq. 3, with lambda <= 1)
    RunningMass,  // skip when block max - running max < lnLambda + ln(running denominator) in every row, both
                  // over the blocks kept so far: the block's largest weight against the whole mass kept
                  // (cumulative energy filtering, arXiv 2606.16317). With lnLambda = ln(P kBlock / keys)
                  // about a share P of the mass is lost; a block may be skipped though it holds the new
                  // maximum. What was skipped changes later decisions, so the visiting order matters
    MassBound,  // skip when kBlock * exp(block max - lseRef), a bound on the block's mass relative to lseRef,
                // is below epsilon / key blocks in every row: all that is skipped holds less than epsilon
  };
  Kind kind = Kind::None;
  float lnLambda = 0;                      // <= 0; Blasst, RunningMass
  const float* lnLambdaPerHead = nullptr;  // [B * H], overrides lnLambda
  const float* lseRef = nullptr;           // [B, H, Nq] natural log; MassBound
  float epsilon = 0;                       // MassBound
  const uint8_t* mustKeep = nullptr;       // [key blocks], optional: never skipped
};

// Optional outputs; any pointer may be null and then costs nothing. g = query block of the list
// (ceil(Nq / qBlock) of them), t = key block. Without a list the blocks are defaultBlock wide.
struct StatsOut {
  uint32_t* keptBits = nullptr;  // [B, H, g, ceil(t / 32)] softmax and PV done; bit t % 32 of word t / 32
  float* gap = nullptr;  // [B, H, g, t] max over rows of (block max - running max before), logits with
                         // scale applied; +inf for the first block, NaN for a block never visited. Blasst
                         // decides on this very value: its kept set for any lnLambda <= 0 can be replayed
                         // from the gaps of a run that skipped nothing
  int16_t* rowLogMass = nullptr;  // [B, H, t, Nq] log2 sum of exp(score) in Q7.8, saturating (log_mass.h);
                                  // kNotVisited when not visited or skipped
  int64_t* counters = nullptr;    // [B, H, 4] visited, skipped in the loop, partial, empty rows
};
inline constexpr int16_t kNotVisited = INT16_MIN;
inline constexpr int32_t kDefaultBlock = 64;
inline constexpr int64_t kMaxHeadDim = 256;

struct AttentionArgs {
  Tensor4 q, k, v, o;  // q, o: [B, H, Nq, D]; k, v: [B, Hkv, Nk, D] with H % Hkv == 0; one dtype for q, k, v
  float* lse = nullptr;  // [B, H, Nq] contiguous, natural log, -inf for a row with no key; optional
  float scale = 0;       // 0 = 1 / sqrt(D)
  const BlockList* list = nullptr;  // null = dense
  const SkipRule* skip = nullptr;
  const StatsOut* stats = nullptr;
  int64_t validKeys = -1;                // keys at and after it are padding; -1 = all
  int32_t defaultBlock = kDefaultBlock;  // block width of the statistics of a dense call
};

// Throws std::invalid_argument, naming the field, for shapes, dtypes, strides or lists that do not fit.
// A key block may stand once in a list. validate() reads the lists, so they must lie in host memory;
// validateShapes() reads no pointer.
void validate(const AttentionArgs& args);
void validateShapes(const AttentionArgs& args);

// An empty row gives O = 0 and LSE = -inf. A NaN in a query row gives NaN in that row alone. Keys and values
// at and after validKeys are never read; those that a partial entry masks must be finite. Listed blocks
// without a valid key count as not listed. Both functions call validate().
void attentionReference(const AttentionArgs& args);             // fp64 inside, one thread, all features
void attentionCpu(const AttentionArgs& args, int threads = 0);  // 0 = all hardware threads

// Mass of each block relative to the full row, averaged over the query block's rows, from rowLogMass and the
// dense LSE. mass: [B, H, g, t]; rows with LSE = -inf count as zero mass.
struct BlockMassArgs {
  const int16_t* rowLogMass = nullptr;  // [B, H, t, Nq]
  const float* lse = nullptr;           // [B, H, Nq]
  int64_t batchHeads = 0;               // B * H
  int64_t queries = 0;                  // Nq
  int64_t keyBlocks = 0;                // t
  int32_t qBlock = kDefaultBlock;
  float* mass = nullptr;
};
void blockMassFromRowLogMass(const BlockMassArgs& args, int threads = 0);

}  // namespace ditscope::kernels
