// SPDX-License-Identifier: Apache-2.0
// Writes a trace that looks like a real sampling run, without a model: used to test and try whatever reads
// traces. Densities, recalls, drifts and curves are computed from the made-up masses and masks, so that they
// agree with each other. Same options, same contents.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "db/model.h"

namespace ditscope::tests {

struct SyntheticTraceOptions {
  int32_t steps = 20;
  int32_t layers = 4;
  int32_t heads = 6;
  int32_t headDim = 64;
  int32_t branches = 2;           // 2 with classifier-free guidance, 1 without
  db::TokenGrid grid{8, 16, 16};  // 2,048 tokens
  int32_t blockSize = 64;
  double density = 0.25;    // share of key blocks that a mask keeps for each query block
  int32_t denseSteps = 2;   // at the start
  int32_t searchEvery = 5;  // steps between mask searches; the masks are reused in between
  db::RecordLevel record = db::RecordLevel::Mass;
  int64_t kernels = 0;    // at least so many kernel rows; never fewer than 6 a call
  double slowdown = 1.0;  // of the attention kernels, to have something to compare with
  uint64_t seed = 1;
  std::string model = {};  // its path, and the class label of the sample: what a run needs to be repeated
  int64_t label = -1;
  bool finalise = true;  // false leaves the file as a killed recorder would, but with everything committed
};

// Replaces an existing file. Throws db::Error.
void makeSyntheticTrace(const std::filesystem::path& path, const SyntheticTraceOptions& options = {});

}  // namespace ditscope::tests
