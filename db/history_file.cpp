// SPDX-License-Identifier: Apache-2.0
#include "db/history_file.h"

#include <fmt/format.h>

#include <cmath>

#include "db/error.h"
#include "db/hardened_file.h"
#include "db/migrations.h"
#include "db/row_values.h"

namespace ditscope::db {
namespace {

constexpr uint32_t kHistoryId = 0x44495448;  // "DITH", in the file header
constexpr OurFile kHistory{"DiTScope history", kHistoryId, "give a file that ditscope history add made"};

Connection open(const std::filesystem::path& path, HistoryFile::Access access) {
  using Access = HistoryFile::Access;
  const int64_t known = int64_t(historyScripts().size());
  if (std::error_code ignored; access == Access::Create && !std::filesystem::exists(path, ignored)) {
    Connection connection(path, Connection::Mode::Create);
    migrate(connection, historyScripts(), kHistoryId);
  }
  checkHeader(path, kHistory);
  Connection connection(path,
                        access == Access::Read ? Connection::Mode::ReadOnly : Connection::Mode::ReadWrite);
  harden(connection);
  connection.exec("PRAGMA foreign_keys = 1");
  runQuickCheck(connection);
  const int64_t version = connection.queryInt("PRAGMA user_version");
  if (version < 1 || version > known)
    throw Error(
        Error::Kind::BadInput, "cannot read " + connection.name(),
        fmt::format("it has history version {}, this program knows versions up to {}", version, known),
        "update DiTScope");
  checkTables(connection, historyScripts().first(size_t(version)));
  return connection;
}

Rows rowsOf(const Connection& connection, std::string_view sql) {
  return Rows(connection.prepare(sql), connection.name());
}

double positive(Rows& row) {
  const double value = row.real();
  row.require(std::isfinite(value) && value > 0, "a time is not a positive number");
  return value;
}

int64_t seriesId(const Connection& connection, const HistorySeries& series) {
  Statement find = connection.prepare("SELECT id FROM series WHERE description = ? AND device = ?");
  if (find.bindAll(series.description, series.device).step()) return find.intAt(0);
  Statement insert =
      connection.prepare("INSERT INTO series(kernel, description, device) VALUES(?,?,?) RETURNING id");
  insert.bindAll(series.kernel, series.description, series.device).step();
  return insert.intAt(0);
}

}  // namespace

HistoryFile::HistoryFile(const std::filesystem::path& path, Access access)
    : m_connection(open(path, access)) {}

std::vector<HistoryRun> HistoryFile::runs() const {
  Rows row = rowsOf(m_connection,
                    "SELECT id, uuid, started_utc_ns, file, git_commit, branch, machine FROM run"
                    " ORDER BY started_utc_ns, id");
  std::vector<HistoryRun> runs;
  while (row.next()) {
    HistoryRun& run = runs.emplace_back();
    run.id = row.integer();
    run.uuid = row.text();
    run.startedUtcNs = row.integer();
    run.file = row.text();
    run.gitCommit = row.text();
    run.branch = row.text();
    run.machine = row.text();
  }
  return runs;
}

std::vector<HistorySeries> HistoryFile::series() const {
  Rows row = rowsOf(m_connection, "SELECT id, kernel, description, device FROM series ORDER BY id");
  std::vector<HistorySeries> all;
  while (row.next()) {
    HistorySeries& series = all.emplace_back();
    series.id = row.integer();
    series.kernel = row.text();
    series.description = row.text();
    series.device = row.text();
  }
  return all;
}

void HistoryFile::forEachPoint(const std::function<void(const HistoryPoint&)>& visit) const {
  Rows row = rowsOf(m_connection,
                    "SELECT series_id, run_id, samples, median_ns, q1_ns, q3_ns, min_ns, clock_hz FROM point"
                    " ORDER BY series_id, run_id");
  while (row.next()) {
    HistoryPoint point;
    point.seriesId = row.integer();
    point.runId = row.integer();
    point.samples = row.size();
    for (double* ns : {&point.medianNs, &point.q1Ns, &point.q3Ns, &point.minNs}) *ns = positive(row);
    point.clockHz = row.real();
    visit(point);
  }
}

std::vector<HistoryMark> HistoryFile::marks() const {
  Rows row =
      rowsOf(m_connection, "SELECT series_id, run_id, accepted, note FROM mark ORDER BY series_id, run_id");
  std::vector<HistoryMark> marks;
  while (row.next()) {
    HistoryMark& mark = marks.emplace_back();
    mark.seriesId = row.integer();
    mark.runId = row.integer();
    mark.accepted = row.integer() != 0;
    mark.note = row.text();
  }
  return marks;
}

std::vector<HistoryBaseline> HistoryFile::baselines() const {
  Rows row = rowsOf(m_connection, "SELECT name, branch, run_id FROM baseline ORDER BY name, branch, run_id");
  std::vector<HistoryBaseline> baselines;
  while (row.next()) {
    std::string name = row.text(), branch = row.text();
    if (baselines.empty() || baselines.back().name != name || baselines.back().branch != branch)
      baselines.push_back({std::move(name), std::move(branch), {}});
    baselines.back().runIds.push_back(row.integer());
  }
  return baselines;
}

std::optional<int64_t> HistoryFile::add(const HistoryRun& run,
                                        std::span<const std::pair<HistorySeries, HistoryPoint>> points) {
  Transaction transaction(m_connection);
  Statement known = m_connection.prepare("SELECT id FROM run WHERE uuid = ?");
  if (known.bindAll(run.uuid).step()) return std::nullopt;
  Statement insert = m_connection.prepare(
      "INSERT INTO run(uuid, started_utc_ns, file, git_commit, branch, machine) VALUES(?,?,?,?,?,?) "
      "RETURNING id");
  insert.bindAll(run.uuid, run.startedUtcNs, run.file, run.gitCommit, run.branch, run.machine).step();
  const int64_t id = insert.intAt(0);
  insert.reset();
  Statement insertPoint = m_connection.prepare("INSERT INTO point VALUES(?,?,?,?,?,?,?,?)");
  for (const auto& [series, p] : points)
    insertPoint
        .bindAll(seriesId(m_connection, series), id, p.samples, p.medianNs, p.q1Ns, p.q3Ns, p.minNs,
                 p.clockHz)
        .run();
  transaction.commit();
  return id;
}

void HistoryFile::setMark(const HistoryMark& mark) {
  Transaction transaction(m_connection);
  m_connection.prepare("INSERT OR REPLACE INTO mark VALUES(?,?,?,?)")
      .bindAll(mark.seriesId, mark.runId, mark.accepted, mark.note)
      .run();
  transaction.commit();
}

void HistoryFile::removeMark(int64_t series, int64_t run) {
  Transaction transaction(m_connection);
  m_connection.prepare("DELETE FROM mark WHERE series_id = ? AND run_id = ?").bindAll(series, run).run();
  transaction.commit();
}

void HistoryFile::setBaseline(const HistoryBaseline& baseline) {
  Transaction transaction(m_connection);
  m_connection.prepare("DELETE FROM baseline WHERE name = ? AND branch = ?")
      .bindAll(baseline.name, baseline.branch)
      .run();
  for (const int64_t run : baseline.runIds)
    m_connection.prepare("INSERT INTO baseline VALUES(?,?,?)")
        .bindAll(baseline.name, baseline.branch, run)
        .run();
  transaction.commit();
}

}  // namespace ditscope::db
