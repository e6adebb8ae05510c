// SPDX-License-Identifier: Apache-2.0
// Blob bytes of any content: a codec either decodes them or throws CodecError. The first byte of the input
// chooses the codec; the last choice builds masks from the input and wants them back.
#include <cstdlib>
#include <span>

#include "db/curve_codec.h"
#include "db/lse_codec.h"
#include "db/mask_codec.h"
#include "db/mass_codec.h"

using namespace ditscope::db;

namespace {

constexpr size_t kMaxCells = 1 << 18;  // larger ones only cost time here

void decodeMasks(const HeadBlobView& blob, bool withBase) {
  const BlockMask base(blob.shape().rows, blob.shape().cols, BlockState::Partial);
  for (int32_t head = 0; head < blob.heads(); ++head) {
    (void)decodeMask(blob, maskSource(blob, head), withBase ? &base : nullptr);
  }
}

void decode(uint8_t codec, ByteView bytes) {
  const HeadBlobView blob(bytes);
  if (blob.shape().cells() > kMaxCells) return;
  if (codec < 2) return decodeMasks(blob, codec == 1);
  for (int32_t head = 0; head < blob.heads(); ++head) {
    if (codec == 2) (void)decodeMass(blob, head);
    if (codec == 3) (void)decodeLse(blob, head);
    if (codec == 4) (void)decodeCurve(blob, head);
  }
}

void roundTrip(ByteView bytes) {  // first byte: columns; then two bits a block, two heads after one another
  if (bytes.size() < 2) return;
  const int32_t cols = 1 + int32_t(bytes[0]);
  const auto rows = int32_t((bytes.size() - 1) * 2 / size_t(cols));
  if (rows == 0) return;
  std::vector<BlockMask> masks(2, BlockMask(rows, cols));
  for (int32_t i = 0; i < 2 * rows * cols; ++i) {
    const auto bits = uint32_t(bytes[1 + size_t(i) / 4]) >> (i % 4 * 2) & 3;
    masks[size_t(i / (rows * cols))].set(i % (rows * cols) / cols, i % cols, BlockState(bits % 3));
  }
  const Bytes blob = encodeMasks({&masks[1], 1}, {masks.data(), 1});
  if (decodeMask(HeadBlobView(blob), 0, masks.data()) != masks[1]) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const ByteView bytes = std::as_bytes(std::span(data + 1, size - 1));
  try {
    if (data[0] % 6 == 5) {
      roundTrip(bytes);
    } else {
      decode(data[0] % 6, bytes);
    }
  } catch (const CodecError&) {
  }
  return 0;
}
