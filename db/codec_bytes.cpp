// SPDX-License-Identifier: Apache-2.0
#include "db/codec_bytes.h"

#include <zlib.h>
#include <zstd.h>

#include <memory>

namespace ditscope::db {
namespace {

constexpr int kCompressionLevel = 3;  // level 1 is hardly faster here, higher ones hardly smaller

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

uint32_t crc32(ByteView bytes) {
  return uint32_t(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
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
