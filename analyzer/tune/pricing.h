// SPDX-License-Identifier: Apache-2.0
// Predicts what candidates cost and err: times from the latency model, errors from the lost mass.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analyzer/tune/latency_model.h"
#include "analyzer/tune/offline.h"

namespace ditscope::analyzer {

// Relative L1 error of a head's output per lost softmax mass. What is kept is renormalised, so that the
// output moves by lost mass * (mean of the lost values - mean of the kept ones): 2 bounds it as long as
// neither mean is larger than the output. Measured runs give the factor of a head itself.
inline constexpr double kErrorPerLostMass = 2;

struct Prices {
  std::optional<LatencyModel> latency;  // empty: times are the measured dense time * density, and marked
  int32_t heads = 1;                    // of a call; they share its fixed cost
  int64_t queryBlocks = 0;              // of a head
  int32_t headDim = 0, block = 0;
  std::string dtype;
  double searchNs = 0;  // of one head in one call that searches, beyond its kernel
  // Measured, of heads and what a method keeps: "heaviest" blocks or a "window", whose errors differ at equal
  // recall; the rest have kErrorPerLostMass.
  std::map<std::pair<HeadKey, std::string>, double> errorPerLost;
  std::vector<std::string> notes;  // what a reader should know about the predictions
};

// From launches of all these traces together; those of another head dimension, dtype or block are left out.
// Notes say what could not be fitted, and why.
[[nodiscard]] Prices makePrices(const db::Run& run, int32_t headDim, const std::vector<std::string>& traces,
                                std::span<const Probe> probes);

// Sets timeNs with its interval, error, and the choice's expected. True when a time lies outside what the
// model was fitted on. Probed candidates keep their measured recall, error and search; their kernels are
// priced like those of all others, because a probe ran at another time, under another load.
bool price(const Prices& prices, double denseNs, const HeadKey& key, Candidate& candidate);

}  // namespace ditscope::analyzer
