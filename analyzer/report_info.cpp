// SPDX-License-Identifier: Apache-2.0
#include "analyzer/report_info.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "analyzer/format.h"
#include "analyzer/text_table.h"
#include "db/enum_names.h"

namespace ditscope::analyzer {
namespace {

constexpr size_t kLabelWidth = 16;

// "label           value" lines; a line without value is left out, one without label continues the last.
class Fields {
 public:
  explicit Fields(const TextStyle& style) : m_style(style) {}
  void add(std::string_view label, const std::string& value) {
    if (value.empty()) return;
    const std::string padded = fmt::format("{:<{}}", label, kLabelWidth);
    m_text += emphasise(padded, Emphasis::Quiet, m_style) + value + "\n";
  }
  [[nodiscard]] std::string take() { return std::exchange(m_text, {}); }

 private:
  TextStyle m_style;
  std::string m_text;
};

std::string joined(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& part : parts)
    if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string named(std::string_view name, const std::string& value) {
  return value.empty() ? std::string() : fmt::format("{} {}", name, plainText(value));
}

std::string healthText(const TraceSummary& s, const TextStyle& style) {
  Fields fields(style);
  if (s.healthy()) {
    const std::string counters =
        s.countersZero > 0 ? fmt::format(", {} at zero", plural(s.countersZero, "counter")) : "";
    fields.add("capture health", emphasise("OK", Emphasis::Good, style) + ": finalised" + counters);
    return fields.take();
  }
  fields.add("capture health", emphasise("PROBLEMS, read these first", Emphasis::Bad, style));
  if (!s.run.finalised)
    fields.add("", emphasise("not finalised", Emphasis::Bad, style) +
                       ": still being recorded, or cut short; all below is of what was saved");
  for (const db::HealthCounter& loss : s.losses)
    fields.add("", emphasise(fmt::format("{} = {}", plainText(loss.name), formatCount(loss.value)),
                             Emphasis::Bad, style));
  for (const db::Diagnostic& d : s.diagnostics)
    fields.add("", fmt::format("{} at {}: {}", emphasise(plainText(d.severity), Emphasis::Warning, style),
                               formatDuration(static_cast<double>(d.timeNs)), plainText(d.text)));
  return fields.take();
}

std::string overheadText(const TraceSummary& s) {
  if (!s.overheadMeasured) return "not measured";
  const auto change = [](double ratio) { return fmt::format("{:+.2f} %", (ratio - 1) * 100); };
  return fmt::format("{} sampling time against recording off, interval {} to {}", change(s.run.overheadRatio),
                     change(s.run.overheadLo), change(s.run.overheadHi));
}

bool isImported(const db::Run& run) {
  return run.source == "nsys" || run.source == "kineto";
}

std::string samplingText(const db::Run& run) {
  if (isImported(run)) return run.nSteps > 0 ? plural(run.nSteps, "step") : "";
  return joined({plural(run.nSteps, "step"), plainText(run.scheduler),
                 fmt::format("guidance {:g}", run.guidance),
                 run.label >= 0 ? fmt::format("label {}", run.label) : "", fmt::format("seed {}", run.seed)});
}

std::string tokensText(const db::Run& run) {
  if (isImported(run)) return run.seqLen > 0 ? formatCount(run.seqLen) : "";
  const std::string grid = fmt::format("{} frames x {} x {}", run.grid.frames, run.grid.rows, run.grid.cols);
  const int64_t text = run.text.end - run.text.begin;
  return fmt::format("{} = {}{}", formatCount(run.seqLen), grid,
                     text > 0 ? fmt::format(" + {} of text", formatCount(text)) : "");
}

std::string attentionText(const db::Run& run) {
  if (isImported(run) && run.nLayers == 0) return "not recognised in the capture";
  if (isImported(run))
    return joined({plural(run.nLayers, "layer"), run.nHeads > 0 ? plural(run.nHeads, "head") : ""});
  return joined({fmt::format("{} x {}", plural(run.nLayers, "layer"), plural(run.nHeads, "head")),
                 fmt::format("blocks of {} queries x {} keys", run.blockQ, run.blockK),
                 plainText(run.dtype)});
}

std::string recordedText(const TraceSummary& s) {
  const std::string steps =
      s.stepsRecorded == s.run.nSteps
          ? plural(s.stepsRecorded, "step")
          : fmt::format("{} of {}", formatCount(s.stepsRecorded), plural(s.run.nSteps, "step"));
  return joined({fmt::format("level {}", db::nameOf(s.run.record)), steps, plural(s.calls, "attention call"),
                 plural(s.cells, "cell"), plural(s.kernels, "kernel launch", "kernel launches")});
}

std::string deviceText(const db::Device& device, const db::Run& run) {
  return joined(
      {plainText(device.name),
       device.smCount > 0 ? fmt::format("{} {}", device.smCount, run.cuda.empty() ? "cores" : "SMs") : "",
       device.memoryBytes > 0 ? formatBytes(device.memoryBytes) : ""});
}

// One line a method: "window 68 cells: window 44, dense 24".
void addMethods(Fields& fields, const DecisionCounts& decisions) {
  std::string_view label = "methods";
  for (const auto& [name, method] : decisions.methods) {
    fields.add(label, fmt::format("{} {}: {}", plainText(name), plural(countOf(method.choices), "cell"),
                                  choicesText(method.choices)));
    label = "";
  }
  const Summary& source = decisions.sourceStep;
  if (source.count > 0)
    fields.add("", fmt::format("{} reuse what an earlier step made", plural(source.count, "cell")));
}

std::string headerText(const std::string& file, const TraceSummary& s, const TextStyle& style) {
  Fields fields(style);
  const db::Run& run = s.run;
  fields.add("recording cost", overheadText(s));
  std::string text = emphasise(plainText(file), Emphasis::Heading, style) + "\n\n" + healthText(s, style) +
                     fields.take() + "\n";
  fields.add("model", joined({plainText(run.model), plainText(run.modelPath)}));
  fields.add("sampling", samplingText(run));
  fields.add("tokens", tokensText(run));
  fields.add("attention", attentionText(run));
  fields.add("method", plainText(run.method));
  addMethods(fields, s.decisions);
  fields.add("recorded", recordedText(s));
  fields.add("source", joined({plainText(run.source), plainText(run.sourceFile), named("by", run.tool),
                               named("commit", run.gitCommit)}));
  fields.add("started", run.startedUtcNs > 0 ? formatUtc(run.startedUtcNs) : "");
  fields.add("duration", run.durationNs > 0 ? formatDuration(static_cast<double>(run.durationNs)) : "");
  for (const db::Device& device : s.devices) fields.add("device", deviceText(device, run));
  fields.add("libraries",
             joined({named("LibTorch", run.torch), named("BLAS", run.blas), named("CUDA", run.cuda),
                     named("driver", run.driver), named("CUPTI", run.cupti)}));
  return text + fields.take();
}

std::string densityText(const DensityPair& density) {
  if (std::isnan(density.qk)) return "not measured";
  if (std::isnan(density.pv) || density.pv == density.qk) return formatPercent(density.qk, 2);
  return fmt::format("{} of score blocks, {} of PV blocks", formatPercent(density.qk, 2),
                     formatPercent(density.pv, 2));
}

std::string sparsityText(const TraceSummary& s, const TextStyle& style) {
  Fields fields(style);
  if (isImported(s.run)) {
    fields.add("density", "not in an imported capture: no other profiler sees heads and blocks");
    return fields.take();
  }
  fields.add("density", densityText(s.densityAll) + " over the whole run, dense steps included");
  if (s.sparseCalls > 0)
    fields.add("", fmt::format("{} over the {}", densityText(s.densitySparse),
                               plural(s.sparseCalls, "sparse call")));
  else
    fields.add("", "no sparse calls: every block was computed");
  if (!std::isnan(s.flopsShare))
    fields.add("attention work", formatPercent(s.flopsShare, 2) + " of the dense FLOPs");
  if (s.sparseCalls == 0) return fields.take();
  if (s.recallSparse.count == 0) {
    fields.add("recall", "not measured");
    return fields.take();
  }
  const std::string missing =
      s.recallSparse.notMeasured > 0
          ? fmt::format(" (not measured in {})", plural(s.recallSparse.notMeasured, "cell"))
          : "";
  fields.add("recall",
             fmt::format("{} mean, {} mean p05, over sparse calls{}", formatPercent(s.recallSparse.mean(), 2),
                         formatPercent(s.recallP05Sparse.mean(), 2), missing));
  TextTable table(std::string(kLabelWidth, ' '));
  for (const auto* title : {"layer", "head", "recall", "lowest p05", "at step"}) table.addColumn(title);
  for (const WorstHead& head : s.worstHeads)
    table.addRow({fmt::format("{}", head.layer), fmt::format("{}", head.head), formatPercent(head.recall, 2),
                  formatPercent(head.recallP05, 2),
                  head.worstStep >= 0 ? fmt::format("{}", head.worstStep) : std::string(kNoValue)});
  fields.add("worst heads", "by mean recall");
  return fields.take() + table.render(style);
}

std::string timeText(const TimeSplit& time, bool imported, const TextStyle& style) {
  Fields fields(style);
  if (std::isnan(time.samplingNs)) {
    fields.add("time", "not measured");
    return fields.take();
  }
  fields.add("sampling time", formatDuration(time.samplingNs));
  const auto part = [&](std::string_view name, double ns) {
    const std::string share =
        time.samplingNs > 0 ? formatPercent(ns / time.samplingNs) : std::string(kNoValue);
    fields.add("", fmt::format("{:<14}{:>10}{:>10}", name, formatDuration(ns), share));
  };
  part("attention", time.attentionNs);
  if (!imported) part("mask search", time.searchNs);
  part("other", time.otherNs);
  if (imported) return fields.take();
  fields.add("", fmt::format("{:<14}{:>10}   on top", "recording", formatDuration(time.recordNs)));
  return fields.take();
}

}  // namespace

std::string infoText(const std::string& file, const TraceSummary& summary, const TextStyle& style) {
  return headerText(file, summary, style) + "\n" + sparsityText(summary, style) + "\n" +
         timeText(summary.time, isImported(summary.run), style);
}

}  // namespace ditscope::analyzer
