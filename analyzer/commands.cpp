// SPDX-License-Identifier: Apache-2.0
#include "analyzer/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "analyzer/format.h"
#include "analyzer/report_drift.h"
#include "analyzer/report_heads.h"
#include "analyzer/report_info.h"
#include "analyzer/terminal.h"
#include "analyzer/tune/reuse.h"
#include "db/error.h"

namespace ditscope::analyzer {
namespace {

// A reader that shows on the terminal that a long query is still going on.
db::TraceReader openTrace(const std::string& file, ProgressLine& progress) {
  db::OpenOptions options;
  options.cancelled = [&progress] {
    progress.pulse();
    return false;
  };
  return db::TraceReader(file, options);
}

std::vector<db::HeadRow> readHeads(const std::string& file) {
  ProgressLine progress(fmt::format("reading {}", file));
  return openTrace(file, progress).heads();
}

// Leaves the cells whose method or choice has this name.
void keepNamed(std::vector<db::HeadRow>& rows, std::string db::HeadDecision::*member, const char* option,
               const std::string& name) {
  std::set<std::string> known;
  for (const db::HeadRow& row : rows) known.insert(row.decision.*member);
  if (!known.contains(name)) {
    known.erase("");
    std::string names;
    for (const std::string& n : known) names += (names.empty() ? "" : ", ") + plainText(n);
    throw db::Error(db::Error::Kind::BadInput, fmt::format("{} {}", option, name),
                    "no cell of the trace has it",
                    names.empty() ? "leave it out, the trace does not name any" : "use one of " + names);
  }
  std::erase_if(rows, [&](const db::HeadRow& row) { return row.decision.*member != name; });
}

Quantity quantityNamed(const std::string& key) {
  if (const std::optional<Quantity> quantity = quantityByKey(key)) return *quantity;
  std::string keys;
  for (const QuantityInfo& q : quantities()) keys += fmt::format("{}{}", keys.empty() ? "" : ", ", q.key);
  throw db::Error(db::Error::Kind::BadInput, fmt::format("--sort {}", key), "there is no such quantity",
                  fmt::format("use one of {}", keys));
}

Axis axisNamed(const std::string& by) {
  return by == "layer" ? Axis::Layer : by == "step" ? Axis::Step : Axis::LayerHead;
}

void requireStep(const HeadTable& table, int32_t step) {
  if (std::ranges::find(table.step, step) != table.step.end()) return;
  const std::string why = table.size() == 0
                              ? std::string("the trace has no attention statistics")
                              : fmt::format("the trace has attention statistics of steps {} to {}",
                                            table.step.front(), table.step.back());
  throw db::Error(db::Error::Kind::BadInput, fmt::format("--step {}", step), why, "name a recorded step");
}

}  // namespace

std::string runInfo(const CommonOptions& common) {
  TraceSummary summary;
  {
    ProgressLine progress(fmt::format("reading {}", common.file));
    summary = summarise(readFacts(openTrace(common.file, progress)));
  }
  if (common.format == OutputFormat::Json) return infoJson(common.file, summary);
  return infoText(common.file, summary, terminalStyle(common.ascii));
}

std::string runHeads(const CommonOptions& common, const HeadsOptions& options) {
  HeadsQuery query{.by = axisNamed(options.by), .sort = {}, .top = options.top, .cells = {}};
  query.cells.step = options.step;
  if (options.sort) query.sort = quantityNamed(*options.sort);
  std::vector<db::HeadRow> rows = readHeads(common.file);
  if (options.method) keepNamed(rows, &db::HeadDecision::method, "--method", *options.method);
  if (options.choice) keepNamed(rows, &db::HeadDecision::choice, "--choice", *options.choice);
  const HeadTable table = makeHeadTable(rows);
  if (options.step) requireStep(table, *options.step);
  if (common.format == OutputFormat::Json) return headsJson(common.file, table, query);
  if (common.format == OutputFormat::Csv) return headsCsv(table, query);
  return headsText(table, query, terminalStyle(common.ascii));
}

std::string runDrift(const CommonOptions& common, const DriftOptions& options) {
  DriftTable drift;
  if (options.reference) {
    ProgressLine progress(fmt::format("comparing with step {}, calls", *options.reference));
    const db::TraceReader reader(common.file);
    drift = driftFromReference(reader, *options.reference, [&](int64_t done, int64_t total) {
      progress.update(done, total);
      return true;
    });
  } else {
    drift = driftFromPrevious(makeHeadTable(readHeads(common.file)));
  }
  if (options.reuse) {
    ProgressLine progress("reuse of masks, heads");
    addReuse(common.file, *options.reuse, drift, [&](int64_t done, int64_t total) {
      progress.update(done, total);
      return true;
    });
  }
  if (common.format == OutputFormat::Json) return driftJson(common.file, drift);
  if (common.format == OutputFormat::Csv) return driftCsv(drift);
  return driftText(drift, options.top, terminalStyle(common.ascii));
}

}  // namespace ditscope::analyzer
