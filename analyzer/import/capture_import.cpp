// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/capture_import.h"

#include <algorithm>
#include <fstream>
#include <system_error>

#include "analyzer/import/byte_source.h"
#include "analyzer/import/kineto_import.h"
#include "analyzer/import/nsys_import.h"
#include "analyzer/part_file.h"
#include "db/error.h"
#include "db/nsys_reader.h"

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

void requireNew(const std::filesystem::path& out) {
  std::error_code ignored;
  if (std::filesystem::exists(out, ignored))
    throw db::Error(db::Error::Kind::BadInput, "cannot create " + out.string(), "the file exists",
                    "give another name or remove it");
}

void readCapture(const std::filesystem::path& file, CaptureFormat format, CaptureBuilder& capture,
                 const Progress& progress) {
  if (format == CaptureFormat::Kineto) {
    std::error_code ignored;
    const auto bytes = int64_t(std::filesystem::file_size(file, ignored));
    readKineto(*openByteSource(file), file.string(), bytes, capture, progress);
    return;
  }
  readNsys(file, capture, progress);
}

}  // namespace

std::optional<CaptureFormat> recogniseCapture(const std::filesystem::path& path) {
  const std::string bytes = firstBytes(path);
  constexpr std::string_view kSqlite{"SQLite format 3\0", 16};
  if (bytes.starts_with(kSqlite))
    return db::isNsysExport(path) ? std::optional(CaptureFormat::Nsys) : std::nullopt;
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
  requireNew(out);
  PartPath path(out);
  CaptureBuilder capture(options.rules, folderOf(out), options.memoryBytes);
  readCapture(file, format, capture, progress);
  db::Run run;
  run.tool = options.tool + ", from " + capture.facts.tool;
  run.source = capture.facts.source;
  run.sourceFile = file.string();
  ImportReport report{.counts = {}, .rows = capture.rows, .source = capture.facts.source};
  {
    db::TraceWriter writer(path.part(), run, {.overwrite = true});
    report.counts = writeCapture(capture, run, writer, progress);
    writer.finalise(run);
  }
  path.commit();
  return report;
}

}  // namespace ditscope::analyzer
