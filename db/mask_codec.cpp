// SPDX-License-Identifier: Apache-2.0
#include "db/mask_codec.h"

#include <algorithm>

namespace ditscope::db {
namespace {

constexpr uint32_t kSameAsHead = 1;   // segment: u32 number of an earlier head
constexpr uint32_t kKept = 2;         // kept words; an empty segment is all zero
constexpr uint32_t kKeptPartial = 3;  // kept words, then partial words

using Words = std::vector<uint64_t>;

// The kept and, when wanted, partial words of a mask as one row.
Words wordsOf(const BlockMask& mask, bool withPartial) {
  Words words(mask.keptWords().begin(), mask.keptWords().end());
  if (withPartial) {
    words.resize(words.size() * 2, 0);
    std::ranges::copy(mask.partialWords(), words.begin() + ptrdiff_t(mask.keptWords().size()));
  }
  return words;
}

void xorWith(Words& words, const Words& other) {
  for (size_t i = 0; i < words.size(); ++i) words[i] ^= other[i];
}

bool allZero(const Words& words) {
  return std::ranges::all_of(words, [](uint64_t word) { return word == 0; });
}

}  // namespace

bool canBeBase(std::span<const BlockMask> base, std::span<const BlockMask> masks) {
  return std::ranges::equal(base, masks, [](const BlockMask& a, const BlockMask& b) {
    return a.rows() == b.rows() && a.cols() == b.cols();
  });
}

Bytes encodeMasks(std::span<const BlockMask> masks, std::span<const BlockMask> base) {
  HeadBlobBuilder builder;
  BlobShape shape;
  for (size_t head = 0; head < masks.size(); ++head) {
    const BlockMask& mask = masks[head];
    if (mask.empty()) {
      builder.add(kAbsent, {});
      continue;
    }
    shape = {mask.rows(), mask.cols()};
    const bool partial =
        !mask.partialWords().empty() || (!base.empty() && !base[head].partialWords().empty());
    Words words = wordsOf(mask, partial);
    if (!base.empty()) xorWith(words, wordsOf(base[head], partial));
    const auto same = std::ranges::find(masks.first(head), mask);
    Bytes segment;
    if (allZero(words)) {
      builder.add(partial ? kKeptPartial : kKept, {});
    } else if (same != masks.begin() + ptrdiff_t(head)) {
      append(segment, uint32_t(same - masks.begin()));
      builder.add(kSameAsHead, std::move(segment));
    } else {
      builder.add(partial ? kKeptPartial : kKept, compress(std::as_bytes(std::span(words))));
    }
  }
  return builder.finish(shape);
}

int32_t maskSource(const HeadBlobView& blob, int32_t head) {
  if (blob.encoding(head) != kSameAsHead) return head;
  const auto source = readAt<uint32_t>(blob.segment(head), 0);
  if (source >= uint32_t(head) || blob.encoding(int32_t(source)) == kSameAsHead) {
    throw CodecError("a mask refers to a head that does not hold one");
  }
  return int32_t(source);
}

std::optional<BlockMask> decodeMask(const HeadBlobView& blob, int32_t head, const BlockMask* base) {
  const auto [rows, cols] = blob.shape();
  const uint32_t encoding = blob.encoding(head);
  if (encoding == kAbsent) return std::nullopt;
  if (encoding != kKept && encoding != kKeptPartial) throw CodecError("the encoding of a mask is unknown");
  if (base != nullptr && (base->rows() != rows || base->cols() != cols)) {
    throw CodecError("a mask differs in size from the one it builds on");
  }
  const bool partial = encoding == kKeptPartial;
  const size_t half = (blob.shape().cells() + 63) / 64;
  Words words(partial ? 2 * half : half, 0);
  if (const ByteView segment = blob.segment(head); !segment.empty()) {
    decompress(segment, std::as_writable_bytes(std::span(words)));
  }
  if (base != nullptr) xorWith(words, wordsOf(*base, partial));
  const auto middle = words.begin() + ptrdiff_t(half);
  try {
    return BlockMask::fromWords(rows, cols, Words(words.begin(), middle), Words(middle, words.end()));
  } catch (const std::invalid_argument& error) {
    throw CodecError(error.what());
  }
}

}  // namespace ditscope::db
