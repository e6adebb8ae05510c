// SPDX-License-Identifier: Apache-2.0
#include "db/head_blob.h"

#include <utility>

namespace ditscope::db {
namespace {

constexpr uint32_t kFormat = 1;
constexpr size_t kHeaderBytes = 4 * sizeof(uint32_t);
constexpr size_t kEntryBytes = 2 * sizeof(uint32_t);

size_t entryAt(int32_t head) {
  return kHeaderBytes + size_t(head) * kEntryBytes;
}

}  // namespace

void HeadBlobBuilder::add(uint32_t encoding, Bytes segment) {
  m_segments.emplace_back(encoding, std::move(segment));
}

Bytes HeadBlobBuilder::finish(BlobShape shape) const {
  Bytes blob;
  append(blob, kFormat);
  append(blob, uint32_t(m_segments.size()));
  append(blob, uint32_t(shape.rows));
  append(blob, uint32_t(shape.cols));
  for (const auto& [encoding, segment] : m_segments) {
    append(blob, encoding);
    append(blob, uint32_t(segment.size()));
  }
  for (const auto& [encoding, segment] : m_segments) blob.insert(blob.end(), segment.begin(), segment.end());
  return blob;
}

HeadBlobView::HeadBlobView(ByteView blob) : m_blob(blob) {
  if (readAt<uint32_t>(blob, 0) != kFormat) throw CodecError("its format is unknown");
  const auto heads = readAt<uint32_t>(blob, 4);
  const auto rows = readAt<uint32_t>(blob, 8);
  const auto cols = readAt<uint32_t>(blob, 12);
  if (heads > uint32_t(kMaxHeads) || rows > kMaxCellsPerHead || cols > kMaxCellsPerHead ||
      uint64_t{rows} * cols > uint64_t(kMaxCellsPerHead)) {
    throw CodecError("its dimensions are beyond any real trace");
  }
  m_heads = int32_t(heads);
  m_shape = {int32_t(rows), int32_t(cols)};
  m_begin.push_back(entryAt(m_heads));
  for (int32_t head = 0; head < m_heads; ++head) {
    m_begin.push_back(m_begin.back() + readAt<uint32_t>(blob, entryAt(head) + sizeof(uint32_t)));
  }
  if (m_begin.back() != blob.size()) throw CodecError("its segments do not fill it");
}

uint32_t HeadBlobView::encoding(int32_t head) const {
  return readAt<uint32_t>(m_blob, entryAt(head));
}

ByteView HeadBlobView::segment(int32_t head) const {
  const size_t begin = m_begin.at(size_t(head));
  return m_blob.subspan(begin, m_begin.at(size_t(head) + 1) - begin);
}

}  // namespace ditscope::db
