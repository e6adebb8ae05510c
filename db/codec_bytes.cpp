// SPDX-License-Identifier: Apache-2.0
#include "db/codec_bytes.h"

#include <zstd.h>

#include <array>
#include <memory>

namespace ditscope::db {
namespace {

constexpr int kCompressionLevel = 3;  // level 1 is hardly faster here, higher ones hardly smaller

constexpr std::array<uint32_t, 256> makeCrcTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xEDB88320u ^ (value >> 1) : value >> 1;
    table[i] = value;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = makeCrcTable();

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

uint32_t crc32(ByteView bytes) {
  uint32_t crc = ~uint32_t{0};
  for (const std::byte byte : bytes) crc = kCrcTable[(crc ^ uint32_t(byte)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

Bytes compress(ByteView raw) {
  // Setting a context up costs more than packing one mask, so each thread keeps its own.
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  Bytes frame(ZSTD_compressBound(raw.size()));
  const size_t size =
      ZSTD_compressCCtx(context.get(), frame.data(), frame.size(), raw.data(), raw.size(), kCompressionLevel);
  if (ZSTD_isError(size) != 0) throw std::runtime_error(std::string("zstd: ") + ZSTD_getErrorName(size));
  frame.resize(size);
  return frame;
}

void decompress(ByteView frame, std::span<std::byte> raw) {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  if (ZSTD_getFrameContentSize(frame.data(), frame.size()) != raw.size()) {
    throw CodecError("a compressed frame has another size than its dimensions say");
  }
  const size_t size = ZSTD_decompressDCtx(context.get(), raw.data(), raw.size(), frame.data(), frame.size());
  if (ZSTD_isError(size) != 0) throw CodecError(std::string("zstd: ") + ZSTD_getErrorName(size));
  if (size != raw.size()) throw CodecError("a compressed frame holds less than it says");
}

Bytes compressPlanes(std::span<const uint16_t> values) {
  Bytes planes(values.size() * 2);
  for (size_t i = 0; i < values.size(); ++i) {
    planes[i] = std::byte(values[i] & 0xff);
    planes[values.size() + i] = std::byte(values[i] >> 8);
  }
  return compress(planes);
}

std::vector<uint16_t> decompressPlanes(ByteView frame, size_t count) {
  Bytes planes(count * 2);
  decompress(frame, planes);
  std::vector<uint16_t> values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = uint16_t(uint32_t(planes[i]) | uint32_t(planes[count + i]) << 8);
  }
  return values;
}

}  // namespace ditscope::db
