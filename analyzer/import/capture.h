// SPDX-License-Identifier: Apache-2.0
// The normal form of a capture of another profiler: what Nsight Systems and the PyTorch profiler both know,
// in one shape, so that everything after reading is one code path. Times are integer ns of the capture's own
// clock until they are written. The rows are plain, because a big capture waits on disk (spill_sorter.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "db/model.h"

namespace ditscope::analyzer {

// A lane is what launches or runs one thing after the other: a thread of a process, or a stream of a device.
using Lane = int32_t;
inline constexpr Lane kNoLane = -1;
inline constexpr int64_t kNoTime = std::numeric_limits<int64_t>::min();
// Times and durations of a capture are at most so far from 0, about 73 years; readers refuse rows beyond.
inline constexpr int64_t kMaxCaptureNs = int64_t{1} << 61;
[[nodiscard]] constexpr bool isCaptureTime(int64_t ns) {
  return ns >= -kMaxCaptureNs && ns <= kMaxCaptureNs;
}

[[nodiscard]] constexpr uint64_t mix(uint64_t hash, uint64_t value) {  // one more value in a hash
  hash = (hash ^ value) * 0x9E3779B97F4A7C15U;
  return hash ^ (hash >> 31);
}

// A number of a capture as the counts of a trace are kept: what no device has becomes the nearest that fits.
[[nodiscard]] constexpr int32_t countOf(int64_t value) {
  return int32_t(std::clamp<int64_t>(value, 0, std::numeric_limits<int32_t>::max()));
}

struct CapturedKernel {
  int64_t process = 0;      // with the correlation the key of the launch
  int64_t correlation = 0;  // 0 = none
  int64_t startNs = 0;
  int64_t durationNs = 0;
  int64_t launchNs = kNoTime;  // of the API call, on `lane`
  Lane lane = kNoLane;         // of the launch; of an orphan the stream
  int32_t device = 0;          // index
  int32_t config = 0;          // index
  int32_t stream = 0;
  uint32_t flags = 0;     // db::KernelFlag
  int32_t ownRange = -1;  // the range that stands for this kernel alone
  int64_t graphNode = 0;  // of a CUDA graph; 0 = none
};

struct CapturedLaunch {
  int64_t process = 0;
  int64_t correlation = 0;
  int64_t startNs = 0;
  Lane lane = kNoLane;
  uint32_t launches = 0;  // 1: the call's name says that it starts a kernel
};

// The problem of an attention call, as the shapes of its inputs tell it. 0 = not known.
struct AttentionShape {
  int32_t heads = 0;
  int32_t headDim = 0;
  int64_t qLen = 0;
  int64_t kvLen = 0;
  friend bool operator==(const AttentionShape&, const AttentionShape&) = default;
};

enum class RangeKind : uint8_t {
  Step,
  Layer,
  LayerBegin,  // an annotation before a layer runs, with a LayerEnd behind it
  LayerEnd,
  Attention,
  AttentionKernel,  // a kernel that is attention by its name; no time on the host
};

struct CapturedRange {
  int64_t startNs = 0;
  int64_t endNs = 0;
  Lane lane = kNoLane;
  RangeKind kind = RangeKind::Attention;
  int16_t pattern = 0;  // of the rules, by preference
  int32_t number = -1;  // of the step or layer; -1: by order
  int32_t label = -1;   // index of the text up to the number
  // Of a kernel of a CUDA graph: lane and start are those of the node's making, which lies in a layer; it
  // runs where and when the graph is launched, which lies in a step.
  Lane runLane = kNoLane;
  int64_t runNs = kNoTime;
  AttentionShape shape;
};

struct GraphNodeOrigin {  // where a node of a CUDA graph was made
  Lane lane = kNoLane;
  int64_t startNs = 0;
};

// Where a capture comes from. Only these facts are taken over: environment variables, command lines, hosts,
// users and the files that a capture carries may hold secrets, and are not looked at.
struct CaptureFacts {
  std::string source;             // nsys | kineto
  std::string tool;               // program and version that made the capture
  int64_t utcOfZeroNs = kNoTime;  // UTC of time 0 of the capture's clock
  int32_t rank = 0;
  std::string driver, cuda, cupti;
  std::vector<db::Diagnostic> notes;  // times in the capture's clock
};

}  // namespace ditscope::analyzer
