// SPDX-License-Identifier: Apache-2.0
// Turns the vectors of an AttnRecord into the rows of table attn_blob, and remembers the last masks of each
// (layer, branch) to build the next ones on.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "db/codec_bytes.h"
#include "db/trace_writer.h"

namespace ditscope::db {

struct AttnBlob {
  std::string_view kind;
  std::optional<int64_t> baseCallId;
  Bytes data;
};

class AttnBlobEncoder {
 public:
  explicit AttnBlobEncoder(int keyframeEvery) : m_keyframeEvery(keyframeEvery) {}
  [[nodiscard]] std::vector<AttnBlob> encode(AttnRecord record);

 private:
  struct LastMasks {
    int64_t callId = 0;
    std::vector<BlockMask> masks;
    int sinceKeyframe = 0;
  };
  [[nodiscard]] AttnBlob encodeMaskBlob(const AttnCall& call, std::vector<BlockMask> masks);

  int m_keyframeEvery;
  std::map<std::pair<int32_t, Branch>, LastMasks> m_last;  // by (layer, branch)
};

// Throws std::invalid_argument when the parts of a record do not fit together or are too large to be stored.
void validate(const AttnRecord& record);

}  // namespace ditscope::db
