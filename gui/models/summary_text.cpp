// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/summary_text.h"

#include <cmath>

#include "analyzer/format.h"
#include "gui/models/readout.h"

namespace ditscope::gui {
namespace {

QString ofSampling(double ns, double samplingNs) {
  if (!std::isfinite(ns)) return text(analyzer::kNoValue);
  const QString time = text(analyzer::formatDuration(ns));
  return samplingNs > 0 ? QStringLiteral("%1 (%2)").arg(time, percentText(ns / samplingNs)) : time;
}

QString signedPercent(double fraction) {
  return (fraction >= 0 ? QStringLiteral("+") : QString()) + percentText(fraction);
}

}  // namespace

HealthText healthText(const analyzer::TraceSummary& summary) {
  HealthText health;
  if (!summary.run.finalised) {
    health.level = HealthLevel::Bad;
    health.headline = QObject::tr("Recording was not finished");
    health.details << QObject::tr(
        "The file was never finalised: the recorder is still running or was stopped.");
  }
  for (const db::HealthCounter& loss : summary.losses)
    health.details << QStringLiteral("%1: %2").arg(text(loss.name), text(analyzer::formatCount(loss.value)));
  if (!summary.losses.empty()) {
    health.level = HealthLevel::Bad;
    if (health.headline.isEmpty()) health.headline = QObject::tr("Records are missing or doubtful");
  }
  for (const db::Diagnostic& diagnostic : summary.diagnostics) {
    if (diagnostic.severity == "error") health.level = HealthLevel::Bad;
    health.details << QStringLiteral("%1: %2").arg(text(diagnostic.severity), text(diagnostic.text));
  }
  if (!summary.diagnostics.empty() && health.headline.isEmpty()) {
    if (health.level == HealthLevel::Good) health.level = HealthLevel::Warning;
    health.headline = QObject::tr("Recorded with warnings");
  }
  if (health.headline.isEmpty()) {
    health.headline = QObject::tr("Capture complete");
    health.details << QObject::tr("Finalised, nothing dropped.");
  }
  return health;
}

QString titleText(const analyzer::TraceSummary& summary) {
  const db::Run& run = summary.run;
  return text(run.model.empty() ? run.source : run.model);
}

std::vector<SummaryRow> figureRows(const analyzer::TraceSummary& summary) {
  const db::Run& run = summary.run;
  std::vector<SummaryRow> rows;
  rows.push_back({QObject::tr("Method"), text(run.method)});
  rows.push_back(
      {QObject::tr("Size"),
       QObject::tr("%1 steps × %2 layers × %3 heads").arg(run.nSteps).arg(run.nLayers).arg(run.nHeads)});
  QString tokens = text(analyzer::formatCount(run.seqLen));
  if (run.grid.rows > 0)
    tokens += QStringLiteral(" (%1 \u00d7 %2 \u00d7 %3)")
                  .arg(run.grid.frames)
                  .arg(run.grid.rows)
                  .arg(run.grid.cols);
  rows.push_back({QObject::tr("Tokens"), tokens});
  rows.push_back({QObject::tr("Blocks"), QStringLiteral("%1 \u00d7 %2").arg(run.blockQ).arg(run.blockK)});
  rows.push_back({QObject::tr("Density"), percentText(summary.densityAll.qk)});
  rows.push_back({QObject::tr("… sparse calls"), percentText(summary.densitySparse.qk)});
  rows.push_back({QObject::tr("Recall, sparse"), percentText(summary.recallSparse.mean())});
  rows.push_back({QObject::tr("Lowest p05"), percentText(summary.recallP05Sparse.min)});
  rows.push_back({QObject::tr("Work done"), percentText(summary.flopsShare)});
  rows.push_back({QObject::tr("Sampling"), text(analyzer::formatDuration(summary.time.samplingNs))});
  rows.push_back({QObject::tr("Attention"), ofSampling(summary.time.attentionNs, summary.time.samplingNs)});
  rows.push_back({QObject::tr("Mask search"), ofSampling(summary.time.searchNs, summary.time.samplingNs)});
  rows.push_back({QObject::tr("Recording cost"), summary.overheadMeasured
                                                     ? QObject::tr("%1 (%2 to %3)")
                                                           .arg(signedPercent(run.overheadRatio - 1))
                                                           .arg((run.overheadLo - 1) * 100, 0, 'f', 1)
                                                           .arg((run.overheadHi - 1) * 100, 0, 'f', 1)
                                                     : QObject::tr("not measured")});
  return rows;
}

std::vector<SummaryRow> originRows(const Trace& trace) {
  const db::Run& run = trace.summary.run;
  std::vector<SummaryRow> rows;
  rows.push_back({QObject::tr("File"), QString::fromStdString(trace.path.filename().string())});
  if (run.startedUtcNs > 0)
    rows.push_back({QObject::tr("Recorded"), text(analyzer::formatUtc(run.startedUtcNs))});
  rows.push_back({QObject::tr("By"), text(run.tool)});
  rows.push_back({QObject::tr("Source"), text(run.source)});
  if (!run.scheduler.empty()) rows.push_back({QObject::tr("Scheduler"), text(run.scheduler)});
  rows.push_back({QObject::tr("Guidance"), numberText(run.guidance)});
  if (run.label >= 0) rows.push_back({QObject::tr("Label"), QString::number(run.label)});
  rows.push_back({QObject::tr("Seed"), QString::number(run.seed)});
  rows.push_back({QObject::tr("Type"), text(run.dtype)});
  for (const db::Device& device : trace.summary.devices)
    rows.push_back({QObject::tr("Device"), text(device.name)});
  if (!run.torch.empty()) rows.push_back({QObject::tr("LibTorch"), text(run.torch)});
  if (!run.blas.empty()) rows.push_back({QObject::tr("BLAS"), text(run.blas)});
  if (!run.gitCommit.empty()) rows.push_back({QObject::tr("Commit"), text(run.gitCommit).left(12)});
  return rows;
}

}  // namespace ditscope::gui
