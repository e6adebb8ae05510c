// SPDX-License-Identifier: Apache-2.0
// What a TraceReader holds: the hardened connection, the names it met and, for masks, the last ones it
// unpacked.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "db/row_values.h"
#include "db/trace_open.h"
#include "db/trace_reader.h"

namespace ditscope::db {

struct TraceReader::Impl {
  Impl(const std::filesystem::path& path, const OpenOptions& givenOptions)
      : options(givenOptions), trace(openTrace(path, options.quickCheck, options.cancelled)) {}

  [[nodiscard]] Rows rows(std::string_view sql) const {
    return Rows(trace.connection.prepare(sql), trace.connection.name());
  }
  [[noreturn]] void damaged(const std::string& why) const { throwDamaged(trace.connection.name(), why); }

  struct Blob {
    Bytes data;
    std::optional<int64_t> baseCallId;
  };
  // Checksum verified; null when the call has none. The one that was asked for last is kept, because the
  // heads of a call share a blob. Valid until the next call.
  [[nodiscard]] const Blob* blob(int64_t callId, std::string_view kind);

  [[nodiscard]] std::optional<BlockMask> mask(int64_t callId, int32_t head);
  void remember(int64_t callId, int32_t head, const BlockMask& mask);

  // A method or choice of the table string; "" without an id.
  [[nodiscard]] const std::string& nameOfId(std::optional<int64_t> id);

  OpenOptions options;
  OpenedTrace trace;
  std::map<int64_t, std::string> names;  // by id
  // Stepping through time asks for the same chain of differences again and again.
  std::map<std::pair<int64_t, int32_t>, BlockMask> masks;  // by (call, head)
  size_t cachedWords = 0;
  std::pair<int64_t, std::string> lastBlobKey;  // call and kind; a call's blobs never change once written
  std::optional<Blob> lastBlob;
};

}  // namespace ditscope::db
