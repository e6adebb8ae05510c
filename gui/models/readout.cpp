// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/readout.h"

#include <algorithm>
#include <cmath>

#include "analyzer/format.h"

namespace ditscope::gui {
namespace {

QString span(int64_t first, int64_t last) {
  return first == last ? QString::number(first) : QStringLiteral("%1\u2013%2").arg(first).arg(last);
}

bool framesKnown(const Trace& trace, const db::AttnCall& call, db::TokenOrder order, int64_t length) {
  const db::Run& run = trace.facts.run;
  return run.grid.frames > 1 && order == db::TokenOrder::FrameMajor && call.kind != db::AttnKind::Cross &&
         run.grid.count() + (run.text.end - run.text.begin) == length;
}

// Position of the first video token: the text may stand before it.
int64_t videoBegin(const db::Run& run) {
  return run.text.begin == 0 && run.text.end > 0 ? run.text.end : 0;
}

}  // namespace

QString text(std::string_view utf8) {
  return QString::fromStdString(analyzer::plainText(utf8));
}

QString numberText(double value, int digits) {
  if (!std::isfinite(value)) return text(analyzer::kNoValue);
  const double size = std::abs(value);
  if (size >= std::pow(10, digits) && size < 1e7) return QString::number(value, 'f', 0);  // 1000, not 1e+03
  return QString::number(value, 'g', digits);
}

QString percentText(double fraction) {
  return text(std::isfinite(fraction) ? analyzer::formatPercent(fraction) : std::string(analyzer::kNoValue));
}

QString capitalised(QString words) {
  if (!words.isEmpty()) words[0] = words[0].toUpper();
  return words;
}

QString headTick(int layer, int head) {
  return QStringLiteral("L%1 H%2").arg(layer).arg(head);
}

QString branchName(db::Branch branch) {
  return branch == db::Branch::Cond ? QStringLiteral("conditional") : QStringLiteral("unconditional");
}

QString timeMethodName(db::TimeMethod method) {
  switch (method) {
    case db::TimeMethod::Measured:
      return QStringLiteral("measured");
    case db::TimeMethod::Attributed:
      return QStringLiteral("attributed by kept blocks");
    case db::TimeMethod::Replayed:
      return QStringLiteral("replayed");
    case db::TimeMethod::None:
      break;
  }
  return QStringLiteral("not measured");
}

QString stepText(const Trace& trace, int step) {
  QString result = QStringLiteral("step %1 of %2").arg(step).arg(trace.facts.run.nSteps);
  if (const db::Step* found = trace.step(step))
    result += QStringLiteral(", t %1, \u03c3 %2").arg(numberText(found->timestep), numberText(found->sigma));
  return result;
}

QString headText(const Trace& trace, const Cell& cell) {
  const db::Layer* layer = trace.layer(cell.layer);
  const QString name =
      layer && !layer->name.empty() ? QStringLiteral(" (%1)").arg(text(layer->name)) : QString();
  return QStringLiteral("layer %1%2, head %3, %4")
      .arg(cell.layer)
      .arg(name)
      .arg(cell.head)
      .arg(branchName(cell.branch));
}

QString blockTokens(const Trace& trace, const db::AttnCall& call, db::TokenOrder order, int block,
                    bool isQuery) {
  const db::Run& run = trace.facts.run;
  const int64_t length = isQuery ? call.qLen : call.kvLen;
  const int64_t size = isQuery ? call.blockQ : call.blockK;
  const int64_t first = block * size;
  const int64_t last = std::min(first + size, length) - 1;
  if (size <= 0 || first > last) return {};
  QString result = QStringLiteral("tokens ") + span(first, last);
  if (!framesKnown(trace, call, order, length)) return result;
  const int64_t perFrame = int64_t{run.grid.rows} * run.grid.cols;
  const int64_t begin = videoBegin(run);
  const int64_t videoFirst = std::max(first - begin, int64_t{0});
  const int64_t videoLast = std::min(last - begin, run.grid.count() - 1);
  if (videoFirst > videoLast) return result + QStringLiteral(", text");
  const int64_t from = videoFirst / perFrame;
  const int64_t to = videoLast / perFrame;
  return result + (from == to ? QStringLiteral(", frame ") : QStringLiteral(", frames ")) + span(from, to);
}

db::TokenOrder orderOf(const Trace& trace, const Cell& cell) {
  const std::optional<size_t> row = trace.row(cell);
  return row ? trace.table.decision[*row].order : db::TokenOrder::FrameMajor;
}

std::vector<double> frameEdges(const Trace& trace, const db::AttnCall& call, db::TokenOrder order,
                               bool isQuery) {
  const int64_t length = isQuery ? call.qLen : call.kvLen;
  const int32_t size = isQuery ? call.blockQ : call.blockK;
  const db::Run& run = trace.facts.run;
  std::vector<double> edges;
  constexpr int32_t kMostFrames = 4096;
  if (size <= 0 || run.grid.frames > kMostFrames || !framesKnown(trace, call, order, length)) return edges;
  const int64_t perFrame = int64_t{run.grid.rows} * run.grid.cols;
  for (int32_t frame = 1; frame < run.grid.frames; ++frame)
    edges.push_back(double(videoBegin(run) + frame * perFrame) / size);
  return edges;
}

}  // namespace ditscope::gui
