// SPDX-License-Identifier: Apache-2.0
// The words and tables of the report; all names go through htmlText.
#include "analyzer/export/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/export/html_text.h"
#include "analyzer/format.h"
#include "db/enum_names.h"

namespace ditscope::analyzer {
namespace {

constexpr size_t kMostKernels = 25;

std::string healthHtml(const TraceSummary& s) {
  if (s.healthy()) return R"(<div class="health"><b>Capture complete.</b> Finalised, nothing dropped.</div>)";
  std::string text = R"(<div class="health bad"><b>Problems of the capture, read these first.</b><ul>)";
  if (!s.run.finalised)
    text += "<li>Not finalised: still being recorded, or cut short; all below is of what was saved.</li>";
  for (const db::HealthCounter& loss : s.losses)
    text += fmt::format("<li>{} = {}</li>", htmlName(loss.name), formatCount(loss.value));
  for (const db::Diagnostic& d : s.diagnostics)
    text += fmt::format("<li>{} at {}: {}</li>", htmlText(d.severity), formatDuration(double(d.timeNs)),
                        htmlName(d.text));
  return text + "</ul></div>";
}

std::string tile(const std::string& value, const std::string& label) {
  return fmt::format(R"(<div class="card tile"><b>{}</b><span>{}</span></div>)", value, label);
}

std::string percentOrNone(double fraction) {
  return std::isnan(fraction) ? std::string("&ndash;") : formatPercent(fraction);
}

std::string tiles(const TraceSummary& s) {
  std::string text = R"(<div class="tiles">)";
  if (s.sparseCalls > 0) {
    text += tile(percentOrNone(s.densitySparse.qk), "density of sparse calls");
    text += tile(percentOrNone(s.recallSparse.mean()), "recall of sparse calls, mean");
    text += tile(percentOrNone(s.recallP05Sparse.min), "recall p05 of the worst cell");
  } else if (s.cells > 0) {
    text += tile(percentOrNone(s.densityAll.qk), "density: every block was computed");
  }
  if (!std::isnan(s.flopsShare))
    text += tile(formatPercent(s.flopsShare), "attention work, of the dense FLOPs");
  if (s.time.samplingNs > 0) {
    text += tile(formatDuration(s.time.samplingNs), "sampling time");
    const std::string search =
        s.sparseCalls > 0 ? ", " + formatPercent(s.time.searchNs / s.time.samplingNs) + " in mask search"
                          : "";
    text +=
        tile(formatPercent(s.time.attentionNs / s.time.samplingNs), "of it in attention kernels" + search);
  }
  return text + "</div>\n";
}

class Fields {  // a description list; a line without value is left out
 public:
  void add(std::string_view label, const std::string& html) {
    if (!html.empty()) m_text += fmt::format("<dt>{}</dt><dd>{}</dd>", label, html);
  }
  void addName(std::string_view label, const std::string& name) {
    if (!name.empty()) add(label, htmlName(name));
  }
  [[nodiscard]] std::string card(const char* title) const {
    return m_text.empty() ? std::string()
                          : fmt::format(R"(<div class="card"><h3>{}</h3><dl>{}</dl></div>)", title, m_text);
  }

 private:
  std::string m_text;
};

std::string samplingCard(const TraceSummary& s) {
  const db::Run& r = s.run;
  Fields fields;
  fields.addName("Model", r.model);
  fields.addName("Weights", r.modelPath);
  fields.addName("Method", r.method);
  fields.addName("Scheduler", r.scheduler);
  fields.add("Steps", fmt::format("{} of {} recorded", s.stepsRecorded, r.nSteps));
  fields.add("Guidance", fmt::format("{:g}", r.guidance));
  if (r.label >= 0) fields.add("Label", fmt::format("{}", r.label));
  fields.add("Seed", fmt::format("{}", r.seed));
  fields.add("Layers, heads", fmt::format("{} x {}", r.nLayers, r.nHeads));
  fields.add("Tokens", fmt::format("{} ({} frames x {} x {})", formatCount(r.seqLen), r.grid.frames,
                                   r.grid.rows, r.grid.cols));
  fields.add("Blocks", fmt::format("{} queries x {} keys", r.blockQ, r.blockK));
  fields.addName("Data type", r.dtype);
  return fields.card("Sampling");
}

std::string decisionsCard(const TraceSummary& s) {
  Fields fields;
  for (const auto& [name, method] : s.decisions.methods) {
    std::string text =
        fmt::format("{}: {}", plural(countOf(method.choices), "cell"), htmlName(choicesText(method.choices)));
    if (method.threshold.count > 0)
      text += fmt::format("; threshold {:.4g} to {:.4g}", method.threshold.min, method.threshold.max);
    fields.add(htmlName(name), text);
  }
  if (s.decisions.sourceStep.count > 0)
    fields.add("Reuse", fmt::format("{} reuse what an earlier step made",
                                    plural(s.decisions.sourceStep.count, "cell")));
  return fields.card("What the method decided");
}

std::string recordingCard(const TraceSummary& s) {
  const db::Run& r = s.run;
  Fields fields;
  if (r.startedUtcNs > 0) fields.add("Started", formatUtc(r.startedUtcNs));
  fields.add("Level", std::string(db::nameOf(r.record)));
  fields.add("Held", fmt::format("{}, {}, {}", plural(s.calls, "attention call"), plural(s.cells, "cell"),
                                 plural(s.kernels, "kernel launch", "kernel launches")));
  if (s.overheadMeasured)
    fields.add("Recording cost",
               fmt::format("{:+.2f} % of the sampling time, interval {:+.2f} to {:+.2f} %",
                           (r.overheadRatio - 1) * 100, (r.overheadLo - 1) * 100, (r.overheadHi - 1) * 100));
  else
    fields.add("Recording cost", "not measured");
  fields.addName("Source", r.sourceFile.empty() ? r.source : r.source + ", " + r.sourceFile);
  fields.addName("Written by", r.tool);
  fields.addName("Commit", r.gitCommit);
  fields.addName("Run", r.uuid);
  return fields.card("Recording");
}

std::string machineCard(const TraceSummary& s, std::span<const db::Circumstance> circumstances) {
  Fields fields;
  for (const db::Device& d : s.devices) {
    std::string text = htmlName(d.name);
    if (d.smCount > 0) text += fmt::format(", {} {}", d.smCount, s.run.cuda.empty() ? "cores" : "SMs");
    if (d.memoryBytes > 0) text += ", " + formatBytes(d.memoryBytes);
    fields.add(fmt::format("Device {}", d.ordinal), text);
  }
  fields.addName("LibTorch", s.run.torch);
  fields.addName("BLAS", s.run.blas);
  fields.addName("CUDA", s.run.cuda);
  fields.addName("Driver", s.run.driver);
  fields.addName("CUPTI", s.run.cupti);
  for (const db::Circumstance& c : circumstances) fields.add(htmlName(c.name), htmlName(c.value));
  return fields.card("Machine");
}

std::string kernelRow(const KernelTotal& t, double all, bool namesDevice) {
  const double share = all > 0 ? t.totalNs / all : 0;
  const std::string device =
      namesDevice ? fmt::format(R"(<span class="faint">{}</span>)", htmlName(t.device)) : "";
  const std::string untimed =
      t.withoutTime > 0
          ? fmt::format(R"(<br><span class="faint">{} without time</span>)", formatCount(t.withoutTime))
          : "";
  const std::string bar = fmt::format(
      R"(<svg width="120" height="10" aria-hidden="true"><rect width="{:.1f}" height="10" rx="2"/></svg>)",
      std::max(1.0, 120 * share));
  return fmt::format(
      R"(<tr><td class="name"><div class="long" title="{}">{}</div>{}</td><td class="n">{}{}</td>)"
      R"(<td class="n">{}</td><td class="n">{}</td>)"
      R"(<td class="share">{}</td><td class="n">{}</td><td class="n">{} &ndash; {}</td></tr>)"
      "\n",
      htmlText(t.name), htmlName(t.name), device, formatCount(t.launches), untimed, formatDuration(t.totalNs),
      formatPercent(share), bar, formatDuration(t.medianNs), formatDuration(t.p05Ns),
      formatDuration(t.p95Ns));
}

}  // namespace

std::string titleOf(const db::Run& run) {
  return run.model.empty() ? "Run without a model's name" : run.model;  // as imports have it
}

std::string htmlHeader(const TraceSummary& s) {
  std::string below = htmlName(s.run.method);
  if (!s.run.sourceFile.empty())
    below += fmt::format("{}imported from {}", s.run.method.empty() ? "" : ", ", htmlName(s.run.sourceFile));
  if (s.run.startedUtcNs > 0) below += ", recorded " + formatUtc(s.run.startedUtcNs);
  return fmt::format("<h1>{}</h1>\n<p class=\"faint\">{}</p>\n{}\n{}", htmlName(titleOf(s.run)), below,
                     healthHtml(s), tiles(s));
}

std::string htmlWorstHeads(const TraceSummary& s, std::span<const db::Layer> layers) {
  if (s.worstHeads.empty()) return {};
  std::string text = R"(<figure><h3>Heads that lose most of the softmax mass</h3>)"
                     R"(<div class="scroll"><table><tr><th>layer<th class="n">head)"
                     R"(<th class="n">recall<th class="n">lowest p05<th class="n">at step</tr>)";
  for (const WorstHead& h : s.worstHeads) {
    const auto layer = std::ranges::find(layers, h.layer, &db::Layer::index);
    const std::string name =
        layer == layers.end() ? "" : fmt::format(R"( <span class="faint">{}</span>)", htmlName(layer->name));
    text += fmt::format(R"(<tr><td class="name">{}{}<td class="n">{}<td class="n">{}<td class="n">{})"
                        R"(<td class="n">{}</tr>)",
                        h.layer, name, h.head, percentOrNone(h.recall), percentOrNone(h.recallP05),
                        h.worstStep >= 0 ? fmt::format("{}", h.worstStep) : "&ndash;");
  }
  text += "</table></div><figcaption>over sparse calls, the lowest mean recall first</figcaption></figure>\n";
  return text;
}

std::string htmlKernels(std::span<const KernelTotal> totals) {
  if (totals.empty()) return {};
  double all = 0;
  for (const KernelTotal& t : totals) all += t.totalNs;
  const bool severalDevices =
      std::ranges::any_of(totals, [&](const KernelTotal& t) { return t.device != totals.front().device; });
  std::string text =
      "<h2>Kernel times</h2>\n<div class=\"card scroll\"><table><tr><th>kernel<th class=\"n\">launches"
      "<th class=\"n\">total<th class=\"n\">share<th><th class=\"n\">median<th class=\"n\">5 % &ndash; 95 "
      "%</tr>\n";
  const size_t shown = std::min(totals.size(), kMostKernels);
  for (const KernelTotal& t : totals.first(shown)) text += kernelRow(t, all, severalDevices);
  text += "</table>";
  if (shown < totals.size())
    text += fmt::format("<p class=\"faint\">The {} kernels with the longest total of {}.</p>", shown,
                        formatCount(std::ssize(totals)));
  return text + "</div>\n";
}

std::string htmlSettings(const TraceSummary& s, std::span<const db::Circumstance> circumstances) {
  return "<h2>Settings</h2>\n<div class=\"two\">" + samplingCard(s) + recordingCard(s) + decisionsCard(s) +
         machineCard(s, circumstances) + "</div>\n";
}

}  // namespace ditscope::analyzer
