// SPDX-License-Identifier: Apache-2.0
// One HTML file with pictures inside: no scripts, nothing fetched, so that it can be mailed and archived. It
// states no time but the recording's, so that the same trace gives the same bytes.
#include <fmt/format.h>

#include <map>
#include <span>
#include <unordered_set>
#include <utility>
#include <vector>

#include "analyzer/export/html_report.h"
#include "analyzer/export/html_style.h"
#include "analyzer/export/html_text.h"
#include "analyzer/export/svg_heatmap.h"
#include "analyzer/export/svg_steps.h"
#include "analyzer/export/trace_export.h"
#include "analyzer/part_file.h"

namespace ditscope::analyzer {
namespace {

HeadTable sparseCells(const TraceFacts& facts) {
  std::unordered_set<int64_t> sparse;
  for (const db::AttnCall& call : facts.calls)
    if (isSparse(call)) sparse.insert(call.id);
  std::vector<db::HeadRow> rows;
  for (const db::HeadRow& row : facts.heads)
    if (sparse.contains(row.callId)) rows.push_back(row);
  return makeHeadTable(rows);
}

class Maps {
 public:
  explicit Maps(const TraceFacts& facts) {
    for (const db::Layer& layer : facts.layers) m_names[layer.index] = layer.name;
  }

  [[nodiscard]] std::string layersByHeads(const HeadTable& table, Quantity quantity,
                                          const char* title) const {
    Heatmap map = start(quantity, title, "head");
    map.grid = makeGrid(table, quantity, Axis::Layer, Axis::Head);
    return heatmapFigure(map);
  }
  // Of calls whose heads were measured: the time of a call is its launches', not a head's share of them.
  [[nodiscard]] std::string timeBySteps(const HeadTable& table, std::span<const db::AttnCall> calls) const {
    Heatmap map = start(Quantity::Time, "Attention time by layer and step", "step");
    map.note = "kernel time of the layer's calls, both guidance branches together";
    map.grid = makeGrid(table, Quantity::Time, Axis::Layer, Axis::Step);
    const std::unordered_set<int64_t> shown(table.callId.begin(), table.callId.end());
    std::map<std::pair<int32_t, int32_t>, double> times;
    for (const db::AttnCall& call : calls)
      if (shown.contains(call.id)) times[{call.layer, call.step}] += double(call.kernelNs);
    for (size_t row = 0; row < map.grid.rows(); ++row) {
      for (size_t col = 0; col < map.grid.cols(); ++col) {
        const auto found = times.find({map.grid.rowKeys[row].layer, map.grid.colKeys[col].step});
        map.grid.values[row * map.grid.cols() + col] = found == times.end() ? kNaN : found->second;
      }
    }
    return heatmapFigure(map);
  }
  [[nodiscard]] std::string layersBySteps(const HeadTable& table, Quantity quantity,
                                          const char* title) const {
    Heatmap map = start(quantity, title, "step");
    map.grid = makeGrid(table, quantity, Axis::Layer, Axis::Step);
    return heatmapFigure(map);
  }

 private:
  [[nodiscard]] Heatmap start(Quantity quantity, const char* title, const char* colTitle) const {
    return {.quantity = quantity,
            .title = title,
            .rowTitle = "layer",
            .colTitle = colTitle,
            .note = {},
            .grid = {},
            .place = [this](const CellKey& row, const CellKey& col) {
              const auto found = m_names.find(row.layer);
              return fmt::format(
                  "layer {}{}, {}", row.layer,
                  found == m_names.end() ? "" : fmt::format(" ({})", found->second),
                  col.step >= 0 ? fmt::format("step {}", col.step) : fmt::format("head {}", col.head));
            }};
  }
  std::map<int32_t, std::string> m_names;
};

std::string section(const char* title, const std::string& figures) {
  if (figures.empty()) return {};
  return fmt::format("<h2>{}</h2>\n<div class=\"maps\">\n{}</div>\n", title, figures);
}

std::string heads(const TraceFacts& facts, const TraceSummary& summary, const HeadTable& all) {
  const Maps maps(facts);
  const HeadTable sparse = sparseCells(facts);
  const HeadTable& shown = sparse.size() > 0 ? sparse : all;
  std::string figures = maps.layersByHeads(shown, Quantity::DensityQk, "Density by layer and head");
  figures += maps.layersByHeads(shown, Quantity::Recall, "Recall by layer and head");
  figures += maps.layersByHeads(all, Quantity::LseDrift, "LSE drift by layer and head, all calls");
  figures += maps.layersByHeads(shown, Quantity::ErrorL1, "Error by layer and head");
  figures += htmlWorstHeads(summary, facts.layers);
  return section(sparse.size() > 0 ? "Heads, over the sparse calls" : "Heads", figures);
}

std::string steps(const TraceFacts& facts, const HeadTable& all) {
  const Maps maps(facts);
  std::string figures = spreadFigure(all, Quantity::LseDrift, "LSE drift from step to step");
  figures += maps.layersBySteps(all, Quantity::LseDrift, "LSE drift by layer and step");
  figures += spreadFigure(all, Quantity::MaskDrift, "Mask drift from step to step");
  figures += maps.layersBySteps(all, Quantity::Recall, "Recall by layer and step");
  figures += stepTimesFigure(facts.steps, facts.calls);
  figures += maps.timeBySteps(all, facts.calls);
  return section("Steps", figures);
}

std::string page(const TraceFacts& facts, const std::vector<KernelTotal>& kernels,
                 const std::vector<db::Circumstance>& circumstances) {
  const TraceSummary summary = summarise(facts);
  const HeadTable all = makeHeadTable(facts.heads);
  return fmt::format(
             "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
             "'unsafe-inline'\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<title>{} &ndash; DiTScope</title>\n<style>{}</style></head>\n<body><main>\n",
             htmlText(titleOf(summary.run)), kHtmlStyle) +
         heatmapDefinitions() + htmlHeader(summary) + heads(facts, summary, all) + steps(facts, all) +
         htmlKernels(kernels) + htmlSettings(summary, circumstances) +
         fmt::format(
             "<footer>DiTScope report of run {}. Density, recall, LSE drift and error are defined as in "
             "DiTScope's ARCHITECTURE.md.</footer>\n</main></body></html>\n",
             htmlName(summary.run.uuid));
}

void writeHtml(const db::TraceReader& reader, const std::filesystem::path& path, const Progress& progress) {
  PartFile file(path);
  file.write(page(readFacts(reader), kernelTotals(reader, progress), reader.circumstances()));
  file.commit();
}

}  // namespace

TraceExport htmlExport() {
  return {"html", "report in one page, without scripts", ".html", writeHtml};
}

}  // namespace ditscope::analyzer
