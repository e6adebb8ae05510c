// SPDX-License-Identifier: Apache-2.0
// The container that all blobs share: one blob a call, one segment a head, so that a single head is read
// without unpacking the others. Layout, all u32 little endian: format, heads, rows, cols; then for each head
// {encoding, bytes}; then the segments in order of head. All heads have the same rows and cols.
#pragma once

#include <cstdint>
#include <vector>

#include "db/codec_bytes.h"

namespace ditscope::db {

// What a blob may hold at most; a reader believes nothing beyond it.
inline constexpr int32_t kMaxHeads = 4096;
inline constexpr int64_t kMaxCellsPerHead = int64_t{1} << 24;  // 4096 x 4096 blocks, or 16 M rows
inline constexpr size_t kMaxBlobBytes = size_t{64} << 20;

inline constexpr uint32_t kAbsent = 0;  // encoding of a head that was not recorded

struct BlobShape {
  int32_t rows = 0;
  int32_t cols = 0;
  [[nodiscard]] size_t cells() const { return size_t(rows) * size_t(cols); }
  friend bool operator==(const BlobShape&, const BlobShape&) = default;
};

class HeadBlobBuilder {
 public:
  void add(uint32_t encoding, Bytes segment);
  [[nodiscard]] Bytes finish(BlobShape shape) const;

 private:
  std::vector<std::pair<uint32_t, Bytes>> m_segments;
};

class HeadBlobView {  // does not own the bytes
 public:
  explicit HeadBlobView(ByteView blob);  // throws CodecError when the blob contradicts itself
  [[nodiscard]] int32_t heads() const { return m_heads; }
  [[nodiscard]] BlobShape shape() const { return m_shape; }
  [[nodiscard]] uint32_t encoding(int32_t head) const;
  [[nodiscard]] ByteView segment(int32_t head) const;

 private:
  ByteView m_blob;
  int32_t m_heads = 0;
  BlobShape m_shape;
  std::vector<size_t> m_begin;  // [heads + 1]
};

}  // namespace ditscope::db
