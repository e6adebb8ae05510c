// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/timeline_plot.h"

#include <QPainter>
#include <algorithm>
#include <cmath>

#include "gui/models/readout.h"
#include "gui/plots/theme.h"

namespace ditscope::gui {
namespace {

constexpr int kNameHeight = 16, kTrackHeight = 18, kTallestTrack = 90, kTrackGap = 6, kAxisHeight = 34,
              kSide = 10;
constexpr int kLeastPixels = 2;  // narrower pieces are drawn together
constexpr int kTextPixels = 34;  // wider pieces carry their words
constexpr int64_t kSmallestViewNs = 200;
constexpr size_t kTickCount = 7;

ColourRole roleOf(SpanKind kind) {
  switch (kind) {
    case SpanKind::Attention:
    case SpanKind::AttentionKernel:
      return ColourRole::Accent;
    case SpanKind::Search:
      return ColourRole::Second;
    case SpanKind::Record:
      return ColourRole::Fourth;
    case SpanKind::OtherKernel:
      return ColourRole::Frame;
    case SpanKind::Step:
      break;
  }
  return ColourRole::Third;
}

// A round step of 1, 2 or 5 times a power of ten, for about so many ticks.
double tickStep(double span, size_t ticks) {
  const double raw = span / double(ticks);
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double round : {1.0, 2.0, 5.0})
    if (raw <= round * power) return round * power;
  return 10 * power;
}

struct TimeUnit {
  double ns;
  const char* name;
};
TimeUnit unitFor(double span) {
  if (span >= 4e9) return {1e9, "s"};
  if (span >= 4e6) return {1e6, "ms"};
  return {1e3, "\u00b5s"};
}

}  // namespace

TimelinePlot::TimelinePlot(QWidget* parent) : QWidget(parent) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(200, 120);
}

void TimelinePlot::setTimeline(TimelinePtr timeline) {
  const bool same =
      m_timeline && timeline && timeline->begin == m_timeline->begin && timeline->end == m_timeline->end;
  m_timeline = std::move(timeline);
  if (!same) {
    m_history.clear();
    if (m_timeline) apply(m_timeline->begin, m_timeline->end);
  }
  update();
}

void TimelinePlot::setMarked(std::optional<std::pair<int64_t, int64_t>> range) {
  m_marked = range;
  update();
}

QRect TimelinePlot::plotRect() const {
  return rect().adjusted(kSide, 2, -kSide, -kAxisHeight);
}

QRect TimelinePlot::trackRect(size_t track) const {
  const QRect all = plotRect();
  const int count = m_timeline ? std::max(int(m_timeline->tracks.size()), 1) : 1;
  const int room = all.height() / count - kNameHeight - kTrackGap;
  const int height = std::clamp(room, kTrackHeight, kTallestTrack);
  const int top = all.top() + int(track) * (kNameHeight + height + kTrackGap) + kNameHeight;
  return {all.left(), top, all.width(), height};
}

int64_t TimelinePlot::timeAt(double x) const {
  const QRect all = plotRect();
  return m_from + int64_t((x - all.left()) / std::max(all.width(), 1) * double(m_to - m_from));
}

int TimelinePlot::xOf(int64_t ns) const {
  const QRect all = plotRect();
  const double at = all.left() + double(ns - m_from) / double(m_to - m_from) * all.width();
  return int(std::clamp(at, double(all.left()) - 2, double(all.right()) + 2));
}

void TimelinePlot::apply(int64_t from, int64_t to) {
  if (!m_timeline) return;
  const int64_t whole = m_timeline->end - m_timeline->begin;
  const int64_t span = std::clamp(to - from, std::min(kSmallestViewNs, whole), whole);
  m_from = std::clamp(from, m_timeline->begin, m_timeline->end - span);
  m_to = m_from + span;
  emit viewChanged();
  update();
}

void TimelinePlot::showRange(int64_t from, int64_t to) {
  const std::pair before(m_from, m_to);
  apply(from, to);
  if (before != std::pair(m_from, m_to)) m_history.push_back(before);
}

void TimelinePlot::fit() {
  if (m_timeline) showRange(m_timeline->begin, m_timeline->end);
}

void TimelinePlot::zoom(double factor, double x) {
  const int64_t at = timeAt(x);
  showRange(at - int64_t(double(at - m_from) * factor), at + int64_t(double(m_to - at) * factor));
}

void TimelinePlot::pan(double share) {
  const auto by = int64_t(share * double(m_to - m_from));
  apply(m_from + by, m_to + by);
}

std::optional<SpanRef> TimelinePlot::spanAt(QPointF pixel) const {
  if (!m_timeline) return std::nullopt;
  for (size_t track = 0; track < m_timeline->tracks.size(); ++track) {
    if (!trackRect(track).contains(pixel.toPoint())) continue;
    const int64_t perPixel = std::max<int64_t>((m_to - m_from) / std::max(plotRect().width(), 1), 1);
    const int64_t ns = timeAt(pixel.x());
    for (const Piece& piece : pieces(m_timeline->tracks[track], ns - kLeastPixels * perPixel, ns + perPixel,
                                     kLeastPixels * perPixel))
      if (piece.start - perPixel <= ns && piece.end + perPixel >= ns) return SpanRef{track, piece};
  }
  return std::nullopt;
}

void TimelinePlot::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const PlotColours colours = plotColours(palette());
  painter.fillRect(rect(), colours.background);
  if (!m_timeline || m_timeline->tracks.empty()) return;
  drawAxis(painter);
  for (size_t track = 0; track < m_timeline->tracks.size(); ++track) drawTrack(painter, track);
  if (m_marked) {
    const int left = xOf(m_marked->first);
    const QRect band(left, plotRect().top(), std::max(xOf(m_marked->second) - left, 2), plotRect().height());
    QColor fill = colours.text;
    fill.setAlpha(22);
    painter.fillRect(band, fill);
    painter.setPen(QPen(colours.text, 1, Qt::DotLine));
    painter.drawLine(band.topLeft(), band.bottomLeft());
    painter.drawLine(band.topRight(), band.bottomRight());
  }
  if (m_pressed && m_dragTo && !m_panning) {
    QColor fill = colours.accent;
    fill.setAlpha(50);
    const QRectF box(QPointF(m_pressed->x(), plotRect().top()), QPointF(m_dragTo->x(), plotRect().bottom()));
    painter.fillRect(box.normalized(), fill);
  }
  if (hasFocus()) {
    painter.setPen(QPen(colours.accent, 1, Qt::DotLine));
    painter.drawRect(rect().adjusted(0, 0, -1, -1));
  }
}

void TimelinePlot::drawTrack(QPainter& painter, size_t index) const {
  const Track& track = m_timeline->tracks[index];
  const PlotColours colours = plotColours(palette());
  const QRect row = trackRect(index);
  painter.setPen(colours.faintText);
  painter.drawText(row.adjusted(0, -kNameHeight, 0, 0), Qt::AlignTop | Qt::AlignLeft, track.name);
  painter.fillRect(row, colours.grid);
  const int64_t perPixel = std::max<int64_t>((m_to - m_from) / std::max(row.width(), 1), 1);
  for (const Piece& piece : pieces(track, m_from, m_to, kLeastPixels * perPixel)) {
    const int left = std::max(xOf(piece.start), row.left());
    const QRect box(left, row.top(), std::max(std::min(xOf(piece.end), row.right()) - left, 1), row.height());
    QColor fill = colours.of(roleOf(piece.kind));
    if (piece.count > 1) fill = QColor(fill.red(), fill.green(), fill.blue(), 150);
    painter.fillRect(box, fill);
    if (box.width() > 6) {
      painter.setPen(colours.background);
      painter.drawLine(box.topRight(), box.bottomRight());
    }
    if (box.width() < kTextPixels) continue;
    const QString words = piece.count > 1                ? tr("%1 spans").arg(piece.count)
                          : piece.kind == SpanKind::Step ? tr("step %1").arg(track.item[piece.first])
                                                         : QString();
    painter.setPen(fill.lightness() > 140 ? QColor(0xff16181b) : QColor(Qt::white));
    if (painter.fontMetrics().horizontalAdvance(words) < box.width() - 4)
      painter.drawText(box, Qt::AlignCenter, words);
  }
}

void TimelinePlot::drawAxis(QPainter& painter) const {
  const PlotColours colours = plotColours(palette());
  const QRect all = plotRect();
  const double span = double(m_to - m_from);
  const TimeUnit unit = unitFor(span);
  const double step = tickStep(span, kTickCount);
  for (double at = std::ceil(double(m_from) / step) * step; at <= double(m_to); at += step) {
    const int x = xOf(int64_t(at));
    painter.setPen(colours.grid);
    painter.drawLine(x, all.top(), x, all.bottom() + 4);
    painter.setPen(colours.faintText);
    const int digits = std::max(0, int(std::ceil(-std::log10(step / unit.ns) - 1e-9)));
    const QString words = QString::number(at / unit.ns, 'f', digits);
    const int half = painter.fontMetrics().horizontalAdvance(words) / 2 + 1;
    if (x - half >= 0 && x + half <= width())
      painter.drawText(QRect(x - half, all.bottom() + 5, 2 * half, 14), Qt::AlignCenter, words);
  }
  painter.setPen(colours.text);
  painter.drawText(QRect(all.left(), all.bottom() + 18, all.width(), 15), Qt::AlignCenter,
                   tr("Time from the start of the run (%1)").arg(QString::fromUtf8(unit.name)));
}

}  // namespace ditscope::gui
