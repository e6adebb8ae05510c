// SPDX-License-Identifier: Apache-2.0
// One event of a trace of the PyTorch profiler (libkineto's output_json.cpp and the Chrome trace format),
// read without keeping what nobody asks for: operands, strides, stacks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "analyzer/import/json_scanner.h"
#include "analyzer/import/tensor_shapes.h"

namespace ditscope::analyzer {

enum class KinetoKind : uint8_t {
  Other,
  Kernel,
  Copy,  // memcpy and memset
  Runtime,
  Annotation,     // of the program, on the host
  GpuAnnotation,  // the same, laid on a stream
  Operator,
  PythonFunction,
};

struct KinetoFields {
  KinetoKind kind = KinetoKind::Other;
  bool complete = false;  // ph X: an event with a duration
  std::optional<int64_t> startNs, durationNs;
  bool badTime = false;                                // one that is no number or out of range
  int64_t process = 0, thread = 0;                     // texts as a hash
  std::optional<int64_t> processNumber, threadNumber;  // of "GPU 0" and "stream 7", too
  std::optional<int64_t> device, stream, correlation, graphNode;
  int64_t registers = 0, sharedBytes = 0;
  int32_t grid[3] = {1, 1, 1};
  int32_t block[3] = {1, 1, 1};
};

struct KinetoEvent : KinetoFields {
  std::string name;
  InputShapes shapes;
  void clear();  // keeps the memory
};

// Reads the event whose BeginObject was the last token. The shapes of operators are read when `wantsShapes`,
// asked once name and kind are known, says so. False: it is broken, and scanner.recover() is due.
using WantsShapes = bool (*)(void* context, const KinetoEvent& event);
[[nodiscard]] bool readKinetoEvent(JsonScanner& scanner, KinetoEvent& event, WantsShapes wantsShapes,
                                   void* context);

}  // namespace ditscope::analyzer
