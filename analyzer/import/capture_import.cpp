// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/capture_import.h"

#include <algorithm>
#include <fstream>
#include <system_error>

#include "analyzer/import/byte_source.h"
#include "analyzer/import/kineto_import.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

constexpr size_t kLookAtBytes = 64 << 10;

std::string firstBytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw db::Error(db::Error::Kind::BadInput, "cannot read " + path.string(), "it cannot be opened",
                    "check that it exists and that you may read it");
  std::string bytes(kLookAtBytes, '\0');
  file.read(bytes.data(), std::streamsize(bytes.size()));
  bytes.resize(size_t(file.gcount()));
  return bytes;
}

std::filesystem::path folderOf(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : ".";
}

// The trace is made under another name and moved when it is whole.
class PartialTrace {
 public:
  explicit PartialTrace(std::filesystem::path out) : m_out(std::move(out)), m_part(m_out.string() + ".part") {
    std::error_code ignored;
    if (std::filesystem::exists(m_out, ignored))
      throw db::Error(db::Error::Kind::BadInput, "cannot create " + m_out.string(), "the file exists",
                      "give another name or remove it");
  }
  ~PartialTrace() {
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm", "-journal"})
      std::filesystem::remove(m_part.string() + suffix, ignored);
  }
  PartialTrace(const PartialTrace&) = delete;
  PartialTrace& operator=(const PartialTrace&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return m_part; }
  void keep() const {
    std::error_code error;
    std::filesystem::rename(m_part, m_out, error);
    if (error)
      throw db::Error(db::Error::Kind::Failure, "cannot create " + m_out.string(), error.message(),
                      "check the folder and the space left");
  }

 private:
  std::filesystem::path m_out, m_part;
};

void readCapture(const std::filesystem::path& file, CaptureFormat format, CaptureBuilder& capture,
                 const Progress& progress) {
  if (format == CaptureFormat::Kineto) {
    std::error_code ignored;
    const auto bytes = int64_t(std::filesystem::file_size(file, ignored));
    readKineto(*openByteSource(file), file.string(), bytes, capture, progress);
    return;
  }
}

}  // namespace

std::optional<CaptureFormat> recogniseCapture(const std::filesystem::path& path) {
  const std::string bytes = firstBytes(path);
  if (bytes.starts_with("\x1f\x8b")) return CaptureFormat::Kineto;
  const size_t start = bytes.find_first_not_of(" \t\r\n");
  if (start == std::string::npos || (bytes[start] != '{' && bytes[start] != '[')) return std::nullopt;
  for (const std::string_view key : {"\"traceEvents\"", "\"deviceProperties\"", "\"ph\":", "\"ph\" :"})
    if (bytes.find(key) != std::string::npos) return CaptureFormat::Kineto;
  return std::nullopt;
}

ImportReport importCapture(const std::filesystem::path& file, CaptureFormat format,
                           const std::filesystem::path& out, const ImportOptions& options,
                           const Progress& progress) {
  const PartialTrace part(out);
  CaptureBuilder capture(options.rules, folderOf(out), options.memoryBytes);
  readCapture(file, format, capture, progress);
  db::Run run;
  run.tool = options.tool + ", from " + capture.facts.tool;
  run.source = capture.facts.source;
  run.sourceFile = file.string();
  ImportReport report{.counts = {}, .rows = capture.rows, .source = capture.facts.source};
  {
    db::TraceWriter writer(part.path(), run, {.overwrite = true});
    report.counts = writeCapture(capture, run, writer, progress);
    writer.finalise(run);
  }
  part.keep();
  return report;
}

}  // namespace ditscope::analyzer
