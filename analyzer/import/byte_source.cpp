// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/byte_source.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "db/error.h"

namespace ditscope::analyzer {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& why, const std::string& remedy) {
  throw db::Error(db::Error::Kind::BadInput, "cannot read " + name, why, remedy);
}

class FileBytes final : public ByteSource {
 public:
  explicit FileBytes(const std::filesystem::path& path)
      : m_name(path.string()), m_descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (m_descriptor < 0) refuse(m_name, std::strerror(errno), "check the path and that you may read it");
  }
  ~FileBytes() override { ::close(m_descriptor); }
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  size_t read(std::span<char> into) override {
    ssize_t got = 0;
    do {
      got = ::read(m_descriptor, into.data(), into.size());
    } while (got < 0 && errno == EINTR);
    if (got < 0) refuse(m_name, std::strerror(errno), "check the disk and that it is a file");
    m_consumed += got;
    return size_t(got);
  }
  [[nodiscard]] int64_t consumed() const override { return m_consumed; }

 private:
  std::string m_name;
  int m_descriptor;
  int64_t m_consumed = 0;
};

class MemoryBytes final : public ByteSource {
 public:
  explicit MemoryBytes(std::span<const char> bytes) : m_bytes(bytes) {}
  size_t read(std::span<char> into) override {
    const size_t count = std::min(into.size(), m_bytes.size() - m_at);
    std::copy_n(m_bytes.data() + m_at, count, into.data());
    m_at += count;
    return count;
  }
  [[nodiscard]] int64_t consumed() const override { return int64_t(m_at); }

 private:
  std::span<const char> m_bytes;
  size_t m_at = 0;
};

// One gzip member after the other, as `cat a.gz b.gz` makes them.
class GzipBytes final : public ByteSource {
 public:
  GzipBytes(std::unique_ptr<ByteSource> packed, std::string name, int64_t maxBytes)
      : m_packed(std::move(packed)), m_name(std::move(name)), m_left(maxBytes), m_input(size_t{1} << 18) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&m_stream, kGzipOnly) != Z_OK)
      throw db::Error(db::Error::Kind::Failure, "cannot unpack " + m_name, "zlib does not start",
                      "free some memory");
  }
  ~GzipBytes() override { inflateEnd(&m_stream); }
  GzipBytes(const GzipBytes&) = delete;
  GzipBytes& operator=(const GzipBytes&) = delete;

  size_t read(std::span<char> into) override {
    const auto room = uInt(std::min<size_t>(into.size(), size_t{1} << 30));
    m_stream.next_out = reinterpret_cast<Bytef*>(into.data());
    m_stream.avail_out = room;
    while (m_stream.avail_out == room && !m_ended) unpack();
    const size_t got = room - m_stream.avail_out;
    m_left -= int64_t(got);
    if (m_left < 0)
      refuse(m_name, "it unpacks to more than can be right", "unpack it with gunzip, if you trust it");
    return got;
  }
  [[nodiscard]] int64_t consumed() const override { return m_packed->consumed(); }
  [[nodiscard]] bool cutShort() const override { return m_cutShort; }

 private:
  void unpack() {
    if (m_stream.avail_in == 0) {
      m_stream.next_in = reinterpret_cast<Bytef*>(m_input.data());
      m_stream.avail_in = uInt(m_packed->read(m_input));
      if (m_stream.avail_in == 0) {
        m_ended = true;
        m_cutShort = m_inMember;
        return;
      }
    }
    if (!m_inMember && *m_stream.next_in == 0) {  // zeros that tapes and block devices put behind
      m_ended = true;
      return;
    }
    m_inMember = true;
    const int code = inflate(&m_stream, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      m_inMember = false;
      inflateReset(&m_stream);
    } else if (code != Z_OK && code != Z_BUF_ERROR) {  // what came before is kept
      m_ended = m_cutShort = true;
    }
  }

  std::unique_ptr<ByteSource> m_packed;
  std::string m_name;
  int64_t m_left;
  std::vector<char> m_input;
  z_stream m_stream = {};
  bool m_inMember = false, m_ended = false, m_cutShort = false;
};

constexpr std::string_view kGzipMagic = "\x1f\x8b";

}  // namespace

std::unique_ptr<ByteSource> openByteSource(const std::filesystem::path& path, int64_t maxUnpackedBytes) {
  char magic[2] = {};
  const bool packed = FileBytes(path).read(magic) == 2 && std::string_view(magic, 2) == kGzipMagic;
  auto file = std::make_unique<FileBytes>(path);
  if (!packed) return file;
  return std::make_unique<GzipBytes>(std::move(file), path.string(), maxUnpackedBytes);
}

std::unique_ptr<ByteSource> byteSourceOf(std::span<const char> bytes, const std::string& name,
                                         int64_t maxUnpackedBytes) {
  auto memory = std::make_unique<MemoryBytes>(bytes);
  if (!std::string_view(bytes.data(), bytes.size()).starts_with(kGzipMagic)) return memory;
  return std::make_unique<GzipBytes>(std::move(memory), name, maxUnpackedBytes);
}

}  // namespace ditscope::analyzer
