// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "analyzer/import/spill_sorter.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

[[noreturn]] void fail(const char* why) {
  throw db::Error(db::Error::Kind::Failure, "temporary file of the import", why,
                  "make room in the folder of the output, or give another one");
}

int openNameless(const std::filesystem::path& folder) {
  const int nameless = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (nameless >= 0) return nameless;
  std::string name = (folder / ".ditscope-import-XXXXXX").string();  // for file systems that lack O_TMPFILE
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named < 0) fail(std::strerror(errno));
  ::unlink(name.c_str());
  return named;
}

}  // namespace

SpillFile::SpillFile(const std::filesystem::path& folder) : m_descriptor(openNameless(folder)) {}
SpillFile::~SpillFile() {
  if (m_descriptor >= 0) ::close(m_descriptor);
}
SpillFile::SpillFile(SpillFile&& other) noexcept
    : m_descriptor(std::exchange(other.m_descriptor, -1)), m_size(other.m_size) {}

void SpillFile::append(const void* data, size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::pwrite(m_descriptor, at, bytes, off_t(m_size));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail(std::strerror(errno));
    at += written;
    bytes -= size_t(written);
    m_size += size_t(written);
  }
}

void SpillFile::read(void* data, size_t bytes, size_t offset) const {
  char* at = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t got = ::pread(m_descriptor, at, bytes, off_t(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail(got == 0 ? "it ends too early" : std::strerror(errno));
    at += got;
    bytes -= size_t(got);
    offset += size_t(got);
  }
}

}  // namespace ditscope::analyzer
