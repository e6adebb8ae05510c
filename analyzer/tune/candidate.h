// SPDX-License-Identifier: Apache-2.0
// What the tuner chooses from: for each (layer, head, branch) the settings it could get, each with what is
// expected of it over the steps that it would compute. Shared by those who make candidates (offline from a
// recorded dense run, or from probe runs), the latency model that prices them, and the solver.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "db/config.h"
#include "db/model.h"

namespace ditscope::analyzer {

enum class Evidence : uint8_t {
  Offline,
  Probe
};  // computed from a dense recording, or measured in a short run

struct Candidate {
  db::MethodChoice choice;  // method, parameters and, once priced, expected
  // Averages over the sparse steps of the head; all measured against dense attention.
  double densityQk = 1;  // blocks whose scores are computed
  double densityPv = 1;  // blocks whose softmax and PV are computed
  double recall = 1;     // mean over query rows and steps
  double recallP05 = 1;  // 5th percentile over query blocks and steps
  double error = 0;  // relative L1 of the head's output; of an offline candidate predicted from the lost mass
  double searchShare = 0;              // of the sparse steps that run dense in order to search
  double searchNs = db::kNotMeasured;  // of a probe: beyond the kernel, of one call of this head on average
  double timeNs = 0;  // of one call of this head on average over the steps, with its share of the search
  double timeLoNs = 0, timeHiNs = 0;  // interval of the prediction
  Evidence evidence = Evidence::Offline;
};

struct HeadKey {
  int32_t layer = 0;
  int32_t head = 0;
  db::Branch branch = db::Branch::Cond;
  friend auto operator<=>(const HeadKey&, const HeadKey&) = default;
};

struct HeadCandidates {
  HeadKey key;
  std::vector<Candidate> candidates;  // the first one is dense
};

}  // namespace ditscope::analyzer
