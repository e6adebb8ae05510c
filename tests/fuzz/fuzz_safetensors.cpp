// SPDX-License-Identifier: Apache-2.0
// The header of a safetensors file from a stranger: it is refused with db::Error, or what it says fits the
// file.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "collector/safetensors_header.h"
#include "db/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ditscope::collector;
  const std::span<const char> file(reinterpret_cast<const char*>(data), size);
  try {
    const uint64_t length = safetensorsHeaderLength(file.first(std::min<size_t>(8, size)), size, "file");
    const std::string_view json(file.data() + 8, length);
    const uint64_t dataBytes = size - 8 - length;
    uint64_t at = 0;
    for (const TensorEntry& entry : parseSafetensorsHeader(json, dataBytes, "file").tensors) {
      if (entry.begin != at || entry.end < at || entry.end > dataBytes) std::abort();
      uint64_t elements = 1;
      for (const int64_t extent : entry.shape) elements *= static_cast<uint64_t>(extent);
      if (elements * static_cast<uint64_t>(safetensorsDtypeBits(entry.dtype)) !=
          8 * (entry.end - entry.begin)) {
        std::abort();
      }
      at = entry.end;
    }
    if (at != dataBytes) std::abort();
  } catch (const ditscope::db::Error&) {
  }
  return 0;
}
