// SPDX-License-Identifier: Apache-2.0
// Finds steps, layers and attention calls in the ranges of a capture.
//
// An attention call is an outermost attention range, or a kernel that is attention by its name. Its layer is
// the innermost layer range around it on its thread; where a capture names no layers, calls are numbered by
// order within a pass. Steps are the ranges of the first step rule that the capture has; attention outside of
// them (text encoders, decoders) is left out. A capture without steps keeps the calls whose heads are those
// of the attention with most work, and each pass over the layers is a step. So is each pass when a step has
// more than two, the second of two being the unconditional half of guidance.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analyzer/import/capture_builder.h"

namespace ditscope::analyzer {

struct RecoveredCalls {
  std::vector<db::Step> steps;       // by index, times in the capture's clock
  std::vector<db::Layer> layers;     // by index
  std::vector<db::AttnCall> calls;   // in order of time, ids from 1
  std::vector<int64_t> callOfRange;  // by index of range; 0 = none

  // The ranges of calls, by lane and start; those of a lane do not overlap.
  struct Interval {
    Lane lane = kNoLane;
    int64_t startNs = 0, endNs = 0;
    int64_t call = 0;
  };
  std::vector<Interval> intervals;

  std::string model;         // class of the denoiser, when a module names it
  int64_t outsideSteps = 0;  // attention calls that were left out, and why
  int64_t outsideLayers = 0;
  int64_t otherShapes = 0;
};

[[nodiscard]] RecoveredCalls recoverCalls(const CaptureBuilder& capture);

}  // namespace ditscope::analyzer
