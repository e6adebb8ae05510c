// SPDX-License-Identifier: Apache-2.0
// What each head of a call had to do, and its share of the time of a launch that holds several.
#pragma once

#include <cmath>
#include <vector>

#include "collector/plan_runner.h"
#include "db/trace_writer.h"

namespace ditscope::collector {

// Heads share a launch, so a head's time is its share of the blocks: half of a block's work is its scores,
// half its softmax and PV.
inline double workOf(const db::HeadStats& head) {
  return 0.5 * (double(head.densityQk) + double(head.densityPv));
}

// Of the heads that share a launch; one that has a launch to itself is measured.
inline void attributeTimes(const LaunchTime& launch, std::vector<db::HeadStats>& heads) {
  std::vector<db::HeadStats*> shared;
  for (size_t h = 0; launch.heads.empty() && h < heads.size(); ++h) shared.push_back(&heads[h]);
  for (const int64_t h : launch.heads) shared.push_back(&heads[size_t(h)]);
  double total = 0;
  for (const db::HeadStats* head : shared) total += workOf(*head);
  for (db::HeadStats* head : shared) {
    head->timeNs = total > 0 ? std::llround(double(launch.kernelNs) * workOf(*head) / total) : 0;
    head->timeMethod = shared.size() == 1 ? db::TimeMethod::Measured : db::TimeMethod::Attributed;
  }
}

inline double flopsDone(const db::AttnRecord& record) {
  double total = 0;
  for (const db::HeadStats& head : record.heads) total += workOf(head);
  return record.call.flopsDense * total / double(record.heads.size());
}

}  // namespace ditscope::collector
