// SPDX-License-Identifier: Apache-2.0
// The steps of a capture, from the ranges of the first step rule that it has.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "analyzer/import/capture_builder.h"

namespace ditscope::analyzer {

struct StepRange {
  int32_t number = 0;
  int64_t startNs = 0, endNs = 0;
};

class StepFinder {
 public:
  explicit StepFinder(const CaptureBuilder& capture);

  [[nodiscard]] bool empty() const { return m_byGroup.empty(); }
  [[nodiscard]] int32_t label() const { return m_label; }  // of one of the ranges; -1 without any
  // Of what happens on a lane at a time: of a thread in the steps of its process, since work is often handed
  // to other threads, of a stream in its own.
  [[nodiscard]] std::optional<int32_t> stepAt(Lane lane, int64_t timeNs) const;
  [[nodiscard]] std::vector<db::Step> steps() const;  // by number, from the first start to the last end

 private:
  using Group = std::pair<bool, int64_t>;  // a process, or the lane of a stream
  [[nodiscard]] Group groupOf(Lane lane) const;
  const CaptureBuilder& m_capture;
  std::map<Group, std::vector<StepRange>> m_byGroup;  // by start
  int32_t m_label = -1;
};

}  // namespace ditscope::analyzer
