// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/similarity_view.h"

#include <QEvent>
#include <algorithm>
#include <cmath>

#include "analyzer/format.h"
#include "gui/models/head_blocks.h"
#include "gui/models/readout.h"
#include "gui/plots/class_legend.h"
#include "gui/plots/heatmap_plot.h"
#include "gui/plots/mask_image.h"
#include "gui/plots/value_map.h"
#include "gui/views/mask_legend.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {

SimilarityView::SimilarityView(Session* owner, QWidget* parent)
    : Pane(owner, tr("Step against step"), parent) {
  QVBoxLayout* column = paneColumn(this);
  const HeatmapParts upper = addHeatmap(*column, this);
  m_heading = upper.heading;
  m_plot = upper.plot;
  m_bar = upper.bar;
  const HeatmapParts lower = addHeatmap(*column, this);
  m_pairHeading = lower.heading;
  m_pair = lower.plot;
  m_pairBar = lower.bar;
  m_pairBar->hide();
  m_legend = new ClassLegend(this);
  column->addWidget(m_legend);
  m_readout = readoutLabel(this);
  column->addWidget(m_readout);
  setFocusProxy(m_plot);
  connect(m_plot, &HeatmapPlot::cellHovered, this,
          [this](int row, int col) { emit session().readout(describe(size_t(row), size_t(col))); });
  connect(m_plot, &HeatmapPlot::pointerLeft, this, [this] { emit session().readout({}); });
  connect(m_plot, &HeatmapPlot::cellClicked, this,
          [this](int row, int col) { choose(size_t(row), size_t(col)); });
  connect(m_plot, &HeatmapPlot::moveAsked, this, [this](int rows, int cols) {
    if (!m_similarity) return;
    const int last = int(m_similarity->steps.size()) - 1;
    choose(size_t(std::clamp(int(m_first) + rows, 0, last)),
           size_t(std::clamp(int(m_second) + cols, 0, last)));
  });
  connect(owner, &Session::traceChanged, this, &SimilarityView::reload);
  connect(&owner->selection(), &Selection::pinnedChanged, this, [this](Selection::Parts changed) {
    if (changed & (Selection::Layer | Selection::Head | Selection::Branch)) reload();
  });
}

void SimilarityView::showEvent(QShowEvent* event) {
  Pane::showEvent(event);
  reload();
}

void SimilarityView::changeEvent(QEvent* event) {
  Pane::changeEvent(event);
  if (event->type() == QEvent::PaletteChange && m_similarity) drawPair();
}

void SimilarityView::reload() {
  m_task.giveUp();
  m_similarity = nullptr;
  draw();
  if (!trace() || !isVisible() || selection().empty()) return;
  m_isDifference = session().showsDifference();
  const TracePtr other = m_isDifference ? session().runB() : nullptr;
  m_task.start(
      [trace = trace(), other, head = pinned()](const auto& progress) {
        auto similarity = maskSimilarity(*trace, head, progress);
        if (!other) return similarity;
        return std::make_shared<const MaskSimilarity>(
            similarityDifference(*similarity, *maskSimilarity(*other, head, progress)));
      },
      {.ready =
           [this](std::shared_ptr<const MaskSimilarity> similarity) {
             m_similarity = std::move(similarity);
             draw();
           },
       .failed = [this](const QString& message) { m_readout->setText(message); }});
}

void SimilarityView::draw() {
  const bool any = m_similarity && std::any_of(m_similarity->values.begin(), m_similarity->values.end(),
                                               [](double value) { return std::isfinite(value); });
  const QString runs = m_isDifference ? tr("B \u2212 A: ") : QString();
  m_heading->setText(
      trace() ? runs + tr("%1: kept blocks in common").arg(capitalised(headText(*trace(), pinned())))
              : tr("Step against step"));
  if (!any) {
    for (HeatmapPlot* plot : {m_plot, m_pair}) plot->setMap({});
    m_pairHeading->clear();
    m_legend->setEntries({});
    m_readout->setText(!trace() || !isVisible() ? QString()
                       : !m_similarity          ? tr("Reading the masks of the head\u2026")
                                                : tr("No masks were recorded for this head."));
    return;
  }
  const int steps = int(m_similarity->steps.size());
  const auto map = std::make_shared<ValueMap>(ValueMap{steps, steps, m_similarity->values});
  showValues(*m_plot, *m_bar, map,
             {.title = tr("In common (%)"),
              .format = [](double value) { return numberText(100 * value, 2); },
              .isDifference = m_isDifference});
  const HeatmapAxis axis{
      .title = tr("Step"),
      .label = [all = m_similarity](int at) { return QString::number(all->steps[size_t(at)]); },
      .edges = {}};
  m_plot->setAxes(axis, axis);
  const auto here = std::find(m_similarity->steps.begin(), m_similarity->steps.end(), pinned().step);
  m_second = here == m_similarity->steps.end() ? 0 : size_t(here - m_similarity->steps.begin());
  m_first = m_second > 0 ? m_second - 1 : std::min<size_t>(1, size_t(steps) - 1);
  drawPair();
}

void SimilarityView::choose(size_t first, size_t second) {
  if (!m_similarity || std::max(first, second) >= m_similarity->steps.size()) return;
  m_first = first;
  m_second = second;
  drawPair();
  selection().setStep(m_similarity->steps[second]);
}

void SimilarityView::drawPair() {
  if (!m_similarity || m_similarity->steps.empty()) return;
  m_plot->setPinned(QPoint(int(m_second), int(m_first)));
  m_readout->setText(capitalised(describe(m_first, m_second)));
  m_plot->setAccessibleName(tr("Similarity of the masks, step by step"));
  m_plot->setAccessibleDescription(m_readout->text());
  const auto &a = m_similarity->masks[m_first], &b = m_similarity->masks[m_second];
  if (!a || !b || a->rows() != b->rows() || a->cols() != b->cols()) {
    m_pair->setMap({});
    m_pairHeading->clear();
    m_legend->setEntries({});
    return;
  }
  const bool dark = palette().color(QPalette::Base).lightness() < 128;
  HeatmapSource source;
  source.rows = a->rows();
  source.cols = a->cols();
  source.gaps = true;
  const auto all = m_similarity;
  source.image = [all, first = m_first, second = m_second, dark](int maxRows, int maxCols) {
    return pairImage(*all->masks[first], *all->masks[second], pairColours(dark), maxRows, maxCols);
  };
  source.mark = [all, first = m_first, second = m_second](int row, int col) {
    return markOf(pairAt(*all->masks[first], *all->masks[second], row, col));
  };
  m_pair->setMap(std::move(source));
  m_pair->setAxes({.title = tr("Query block"), .label = {}, .edges = {}},
                  {.title = tr("Key block"), .label = {}, .edges = {}});
  const QString first = tr("step %1").arg(m_similarity->steps[m_first]);
  const QString second = tr("step %1").arg(m_similarity->steps[m_second]);
  m_pairHeading->setText(
      (m_isDifference ? tr("Masks of %1 and %2 of A") : tr("Masks of %1 and %2")).arg(first, second));
  m_legend->setEntries(pairEntries(countPairs(*a, *b), dark, first, second));
}

QString SimilarityView::describe(size_t first, size_t second) const {
  if (!m_similarity || std::max(first, second) >= m_similarity->steps.size()) return {};
  const double value = m_similarity->at(first, second);
  return (m_isDifference ? tr("steps %1 and %2, B \u2212 A: %3 of the blocks in common")
                         : tr("steps %1 and %2: %3 of the blocks that either keeps are kept by both"))
      .arg(m_similarity->steps[first])
      .arg(m_similarity->steps[second])
      .arg(std::isfinite(value) ? text(analyzer::formatPercent(value)) : tr("not recorded"));
}

void SimilarityView::fit() {
  m_plot->fit();
  m_pair->fit();
}

QString SimilarityView::copyText() const {
  return m_heading->text() + QChar('\n') + m_readout->text();
}

TableData SimilarityView::table() const {
  TableData numbers{{tr("Step"), tr("Step"), tr("Kept blocks in common")}};
  for (size_t a = 0; m_similarity && a < m_similarity->steps.size(); ++a)
    for (size_t b = 0; b < m_similarity->steps.size(); ++b)
      numbers.rows.push_back(
          {m_similarity->steps[a], m_similarity->steps[b], numberOrNothing(m_similarity->at(a, b))});
  return numbers;
}

}  // namespace ditscope::gui
