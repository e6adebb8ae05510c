// SPDX-License-Identifier: Apache-2.0
// The reader's blobs: checksum, container, codec.
#include <fmt/format.h>

#include <string>

#include "db/curve_codec.h"
#include "db/lse_codec.h"
#include "db/mask_codec.h"
#include "db/mass_codec.h"
#include "db/trace_reader_impl.h"

namespace ditscope::db {
namespace {

constexpr int kMaxMaskChain = 4096;       // more differences in a row than any writer makes
constexpr size_t kCachedWords = 4 << 20;  // 32 MiB

// Runs decode(view) on a blob, when the call has that blob and the head.
template <class Reader, class Decode>
auto decodeHead(Reader& reader, int64_t callId, int32_t head, std::string_view kind, Decode decode)
    -> decltype(decode(std::declval<const HeadBlobView&>())) {
  const auto* found = reader.blob(callId, kind);
  if (found == nullptr || head < 0) return std::nullopt;
  try {
    const HeadBlobView view(found->data);
    if (head >= view.heads()) return std::nullopt;
    return decode(view);
  } catch (const CodecError& error) {
    reader.damaged(fmt::format("the {} data of call {}: {}", kind, callId, error.what()));
  }
}

}  // namespace

const TraceReader::Impl::Blob* TraceReader::Impl::blob(int64_t callId, std::string_view kind) {
  const std::pair<int64_t, std::string> key(callId, kind);
  if (lastBlob && lastBlobKey == key) return &*lastBlob;
  Rows row = rows("SELECT crc32, base_call_id, data FROM attn_blob WHERE call_id = ? AND kind = ?");
  row.bindAll(callId, kind);
  if (!row.next()) return nullptr;
  const int64_t crc = row.integer();
  const std::optional<int64_t> base = row.optionalInteger();
  const ByteView data = row.blob();
  if (crc != int64_t{crc32(data)})
    damaged(fmt::format("the {} data of call {} fail their checksum", kind, callId));
  lastBlob = Blob{Bytes(data.begin(), data.end()), base};
  lastBlobKey = key;
  return &*lastBlob;
}

void TraceReader::Impl::remember(int64_t callId, int32_t head, const BlockMask& mask) {
  if (cachedWords > kCachedWords) {
    masks.clear();
    cachedWords = 0;
  }
  masks[{callId, head}] = mask;
  cachedWords += mask.keptWords().size() + mask.partialWords().size();
}

// Walks back to a keyframe or a mask that is still at hand, then forward again.
std::optional<BlockMask> TraceReader::Impl::mask(int64_t callId, int32_t head) {
  struct Link {
    int64_t callId;
    Bytes data;
    int32_t head;
  };
  std::vector<Link> chain;
  std::optional<BlockMask> mask;
  for (std::optional<int64_t> at = callId; at;) {
    if (const auto known = masks.find({*at, head}); known != masks.end()) {
      mask = known->second;
      break;
    }
    const Blob* found = blob(*at, "mask");
    if (found == nullptr && chain.empty()) return std::nullopt;
    if (found == nullptr || chain.size() >= kMaxMaskChain)
      damaged(fmt::format("the mask of call {} has no beginning", callId));
    try {
      const HeadBlobView view(found->data);
      if (head < 0 || head >= view.heads()) return std::nullopt;
      head = maskSource(view, head);
    } catch (const CodecError& error) {
      damaged(fmt::format("the mask of call {}: {}", *at, error.what()));
    }
    chain.push_back({*at, found->data, head});
    at = found->baseCallId;
  }
  for (auto link = chain.rbegin(); link != chain.rend(); ++link) {
    try {
      mask = decodeMask(HeadBlobView(link->data), link->head, mask ? &*mask : nullptr);
    } catch (const CodecError& error) {
      damaged(fmt::format("the mask of call {}: {}", link->callId, error.what()));
    }
    if (mask) remember(link->callId, link->head, *mask);
  }
  return mask;
}

std::optional<BlockMask> TraceReader::mask(int64_t callId, int32_t head) const {
  return m_impl->mask(callId, head);
}

std::optional<BlockMass> TraceReader::mass(int64_t callId, int32_t head) const {
  return decodeHead(*m_impl, callId, head, "mass",
                    [&](const HeadBlobView& view) { return decodeMass(view, head); });
}

std::optional<RecallCurve> TraceReader::recallCurve(int64_t callId, int32_t head) const {
  return decodeHead(*m_impl, callId, head, "curve",
                    [&](const HeadBlobView& view) { return decodeCurve(view, head); });
}

std::optional<std::vector<float>> TraceReader::lseBlocks(int64_t callId, int32_t head) const {
  return decodeHead(*m_impl, callId, head, "lse_block",
                    [&](const HeadBlobView& view) { return decodeLse(view, head); });
}

std::optional<std::vector<float>> TraceReader::lseRows(int64_t callId, int32_t head) const {
  return decodeHead(*m_impl, callId, head, "lse_row",
                    [&](const HeadBlobView& view) { return decodeLse(view, head); });
}

}  // namespace ditscope::db
