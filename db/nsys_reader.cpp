// SPDX-License-Identifier: Apache-2.0
#include "db/nsys_reader.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "db/error.h"
#include "db/hardened_file.h"
#include "db/nsys_catalog.h"
#include "db/sqlite.h"
#include "db/text.h"

namespace ditscope::db {
namespace {

constexpr int kOpcodesPerPoll = 20'000;  // below a millisecond
constexpr int64_t kFewestBytesOfARow = 4;
constexpr size_t kMaxNameBytes = 500;
constexpr const char* kKernels = "CUPTI_ACTIVITY_KIND_KERNEL";
constexpr const char* kCalls = "CUPTI_ACTIVITY_KIND_RUNTIME";
constexpr const char* kRanges = "NVTX_EVENTS";
constexpr const char* kGraphNodes = "CUDA_GRAPH_NODE_EVENTS";

// From here on: reading the tables of the list.
int authorise(void*, int action, const char* first, const char*, const char*, const char* viaTriggerOrView) {
  if (viaTriggerOrView != nullptr) return SQLITE_DENY;
  if (action == SQLITE_SELECT) return SQLITE_OK;
  return action == SQLITE_READ && first != nullptr && NsysCatalog::isAllowed(first) ? SQLITE_OK : SQLITE_DENY;
}

int onProgress(void* context) {  // an exception must not cross SQLite
  try {
    return (*static_cast<const std::function<bool()>*>(context))() ? 1 : 0;
  } catch (...) {
    return 1;
  }
}

Connection connect(const std::filesystem::path& path) {
  checkHeader(path, {"SQLite export of Nsight Systems", 0, "give what nsys export --type sqlite wrote"});
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  if (error)
    throw Error(Error::Kind::BadInput, "cannot read " + path.string(), error.message(), "check the path");
  Connection connection(real,
                        hasContent(real, "-wal") ? Connection::Mode::ReadOnly : Connection::Mode::Immutable);
  harden(connection);
  connection.exec("PRAGMA query_only = 1");
  return connection;
}

[[noreturn]] void damaged(const std::string& file) {
  throw Error(Error::Kind::BadInput, "cannot read " + file, "the file is damaged: a table has no end",
              "take an intact copy");
}

// Columns one after the other.
class Row {
 public:
  explicit Row(const Statement& statement) : m_statement(statement) {}
  int64_t integer() { return m_statement.intAt(m_column++); }
  std::optional<int64_t> optional() {
    const bool null = m_statement.isNull(m_column);
    const int column = m_column++;
    return null ? std::nullopt : std::optional(m_statement.intAt(column));
  }
  int64_t integerOr(int64_t other) { return optional().value_or(other); }
  std::string_view text() { return m_statement.textAt(m_column++); }

 private:
  const Statement& m_statement;
  int m_column = 0;
};

std::string cleaned(std::string_view text) {
  std::string clean(text.substr(0, kMaxNameBytes));
  const bool isText = isUtf8(clean);
  for (char& c : clean)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || (!isText && (c & 0x80) != 0)) c = '?';
  return clean;
}

std::string uuidText(std::string_view value) {  // 16 bytes in some versions, text in others
  if (value.size() != 16) return cleaned(value);
  std::string text;
  for (const char c : value) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

// A diagnostic may quote the environment ("NAME=value"); what stands behind the sign is not taken over.
std::string withoutValues(std::string_view text) {
  std::string out;
  bool inValue = false;
  for (const char c : text) {
    if (c == ' ') inValue = false;
    if (!inValue) out += c;
    if (c == '=') inValue = true;
  }
  return out;
}

}  // namespace

struct NsysReader::Impl {
  Impl(const std::filesystem::path& path, std::function<bool()> stop)
      : cancelled(std::move(stop)), connection(connect(path)), tables(connection) {
    std::error_code ignored;
    mostRows = int64_t(std::filesystem::file_size(path, ignored)) / kFewestBytesOfARow;
    if (cancelled) sqlite3_progress_handler(connection.handle(), kOpcodesPerPoll, onProgress, &cancelled);
    sqlite3_set_authorizer(connection.handle(), authorise, nullptr);
    if (tables.has("StringIds", "id") && tables.has("StringIds", "value") && tables.stringsHaveKey())
      strings.emplace(connection.prepare("SELECT value FROM StringIds WHERE id = ?"));
  }

  // A damaged tree may lead back into itself.
  template <class Visit>
  void forEach(const std::string& sql, Visit visit) const {
    Statement statement = connection.prepare(sql);
    for (int64_t rows = 0; statement.step(); ++rows) {
      if (rows > mostRows) damaged(connection.name());
      visit(Row(statement));
    }
  }

  [[nodiscard]] int64_t estimate(std::string_view table) const {  // from the last row's number
    if (!tables.hasRowids(table)) return 0;
    Statement last =
        connection.prepare(fmt::format("SELECT rowid FROM \"{}\" ORDER BY rowid DESC LIMIT 1", table));
    return last.step() ? std::clamp<int64_t>(last.intAt(0), 0, mostRows) : 0;
  }

  [[nodiscard]] std::string named(std::string_view table, std::string_view name) const {
    if (!tables.has(table, "name") || !tables.has(table, "value")) return {};
    Statement statement = connection.prepare(fmt::format("SELECT value FROM \"{}\" WHERE name = ?", table));
    statement.bind(0, name);
    return statement.step() ? cleaned(statement.textAt(0)) : std::string();
  }

  std::function<bool()> cancelled;
  Connection connection;
  NsysCatalog tables;
  int64_t mostRows = 0;
  mutable std::optional<Statement> strings;
  mutable std::string string;
};

NsysReader::NsysReader(const std::filesystem::path& path, std::function<bool()> cancelled)
    : m_impl(std::make_unique<Impl>(path, std::move(cancelled))) {}
NsysReader::~NsysReader() = default;

NsysFacts NsysReader::facts() const {
  NsysFacts facts;
  facts.schemaVersion = m_impl->named("META_DATA_EXPORT", "EXPORT_SCHEMA_VERSION");
  facts.productVersion = m_impl->named("META_DATA_EXPORT", "EXPORT_PRODUCT_VERSION");
  facts.driver = m_impl->named("TARGET_INFO_SYSTEM_ENV", "NvDriverVersion");
  facts.cuda = m_impl->named("TARGET_INFO_SYSTEM_ENV", "CudaDriverVersion");
  constexpr const char* kStart = "TARGET_INFO_SESSION_START_TIME";
  if (m_impl->tables.has(kStart, "utcEpochNs"))
    m_impl->forEach(m_impl->tables.select(kStart, {"utcEpochNs"}),
                    [&](Row row) { facts.utcOfZeroNs = row.optional(); });
  facts.copies =
      m_impl->estimate("CUPTI_ACTIVITY_KIND_MEMCPY") + m_impl->estimate("CUPTI_ACTIVITY_KIND_MEMSET");
  facts.wholeGraphs = m_impl->estimate("CUPTI_ACTIVITY_KIND_GRAPH_TRACE");
  return facts;
}

std::vector<NsysDevice> NsysReader::devices() const {
  std::vector<NsysDevice> devices;
  constexpr const char* kTable = "TARGET_INFO_GPU";
  if (!m_impl->tables.has(kTable)) return devices;
  m_impl->forEach(
      m_impl->tables.select(kTable, {"id", "name", "uuid", "smCount", "totalMemory", "clockRate"}),
      [&](Row row) {
        NsysDevice& device = devices.emplace_back();
        device.id = row.integer();
        device.name = cleaned(row.text());
        device.uuid = uuidText(row.text());
        device.smCount = row.integer();
        device.memoryBytes = row.integer();
        device.clockHz = row.integer();
      });
  return devices;
}

std::vector<NsysDeviceOfProcess> NsysReader::devicesOfProcesses() const {
  std::vector<NsysDeviceOfProcess> devices;
  constexpr const char* kTable = "TARGET_INFO_CUDA_DEVICE";
  if (!m_impl->tables.has(kTable, "gpuId")) return devices;
  m_impl->forEach(m_impl->tables.select(kTable, {"pid", "cudaId", "gpuId"}), [&](Row row) {
    const int64_t pid = row.integer();
    const int64_t device = row.integer();
    devices.push_back({pid, device, row.integer()});
  });
  return devices;
}

std::vector<NsysWarning> NsysReader::warnings(size_t atMost) const {
  std::vector<NsysWarning> warnings;
  constexpr const char* kTable = "DIAGNOSTIC_EVENT";
  constexpr int64_t kWarning = 2;
  if (!m_impl->tables.has(kTable, "severity")) return warnings;  // older ones do not say what is serious
  m_impl->forEach(m_impl->tables.select(kTable, {"timestamp", "severity", "text"}), [&](Row row) {
    const int64_t time = row.integer();
    if (row.integer() < kWarning || warnings.size() >= atMost) return;
    warnings.push_back({time, withoutValues(cleaned(row.text()))});
  });
  return warnings;
}

int64_t NsysReader::rowEstimate() const {
  return m_impl->estimate(kKernels) + m_impl->estimate(kCalls) + m_impl->estimate(kRanges) +
         m_impl->estimate(kGraphNodes);
}

bool NsysReader::kernelsNameProcesses() const {
  return m_impl->tables.has(kKernels, "globalPid");
}

void NsysReader::forEachKernel(const std::function<void(const NsysKernel&)>& visit) const {
  const NsysCatalog& tables = m_impl->tables;
  if (!tables.has(kKernels)) return;
  const char* name = tables.has(kKernels, "demangledName") ? "demangledName" : "shortName";
  const std::string sql = tables.select(kKernels, {"start",
                                                   "end",
                                                   "deviceId",
                                                   "streamId",
                                                   "correlationId",
                                                   "globalPid",
                                                   "graphNodeId",
                                                   name,
                                                   "registersPerThread",
                                                   "staticSharedMemory",
                                                   "dynamicSharedMemory",
                                                   "gridX",
                                                   "gridY",
                                                   "gridZ",
                                                   "blockX",
                                                   "blockY",
                                                   "blockZ",
                                                   "clusterX",
                                                   "clusterY",
                                                   "clusterZ"});
  m_impl->forEach(sql, [&](Row row) {
    NsysKernel kernel;
    kernel.startNs = row.integer();
    kernel.endNs = row.integer();
    kernel.device = row.integer();
    kernel.stream = row.integer();
    kernel.correlation = row.optional();
    kernel.process = row.optional();
    kernel.graphNode = row.integerOr(0);
    kernel.name = row.integer();
    kernel.registersPerThread = row.integer();
    kernel.staticSharedBytes = row.integer();
    kernel.dynamicSharedBytes = row.integer();
    for (auto* extents : {&kernel.grid, &kernel.block, &kernel.cluster})
      for (int64_t& extent : *extents) extent = row.integerOr(1);
    visit(kernel);
  });
}

void NsysReader::forEachCall(const std::function<void(const NsysCall&)>& visit) const {
  if (!m_impl->tables.has(kCalls)) return;
  m_impl->forEach(m_impl->tables.select(kCalls, {"start", "correlationId", "globalTid", "nameId"}),
                  [&](Row row) {
                    NsysCall call;
                    call.startNs = row.integer();
                    call.correlation = row.optional();
                    call.thread = row.optional();
                    call.name = row.integer();
                    visit(call);
                  });
}

void NsysReader::forEachRange(const std::function<void(const NsysRange&)>& visit) const {
  const NsysCatalog& tables = m_impl->tables;
  if (!tables.has(kRanges)) return;
  constexpr int64_t kPushPop = 59, kStartEnd = 60;  // ENUM_NSYS_EVENT_TYPE
  const std::string sql = tables.select(kRanges, {"eventType", "start", "end", "globalTid", "textId", "text",
                                                  "int64Value", "uint64Value", "int32Value", "uint32Value"});
  m_impl->forEach(sql, [&](Row row) {
    NsysRange range;
    const auto type = row.optional();
    if (type && *type != kPushPop && *type != kStartEnd) return;
    range.startNs = row.integer();
    range.endNs = row.optional();
    range.thread = row.optional();
    range.textId = row.optional();
    range.text = row.text();
    for (int i = 0; i < 4; ++i)
      if (const auto value = row.optional(); value && !range.payload) range.payload = value;
    visit(range);
  });
}

void NsysReader::forEachGraphNode(const std::function<void(const NsysGraphNode&)>& visit) const {
  if (!m_impl->tables.has(kGraphNodes, "graphNodeId")) return;
  const std::string sql =
      m_impl->tables.select(kGraphNodes, {"graphNodeId", "originalGraphNodeId", "start", "globalTid"});
  m_impl->forEach(sql, [&](Row row) {
    NsysGraphNode node;
    node.node = row.integer();
    node.original = row.integerOr(0);
    node.startNs = row.integer();
    node.thread = row.optional();
    visit(node);
  });
}

std::string_view NsysReader::string(int64_t id) const {
  if (!m_impl->strings) return {};
  m_impl->strings->bind(0, id);
  m_impl->string.clear();
  if (m_impl->strings->step()) m_impl->string = m_impl->strings->textAt(0);
  m_impl->strings->reset();
  return m_impl->string;
}

bool isNsysExport(const std::filesystem::path& path) {
  const Connection connection = connect(path);
  const NsysCatalog tables(connection);
  return tables.has("StringIds", "value") && (tables.has(kKernels) || tables.has(kCalls) ||
                                              tables.has(kRanges) || tables.has("META_DATA_EXPORT"));
}

}  // namespace ditscope::db
