// SPDX-License-Identifier: GPL-3.0-or-later
// What the mask pane says: legend, heading, readout, table.
#include <QLabel>
#include <algorithm>
#include <cmath>

#include "gui/models/block_text.h"
#include "gui/models/readout.h"
#include "gui/plots/class_legend.h"
#include "gui/plots/colour_bar.h"
#include "gui/plots/heatmap_plot.h"
#include "gui/views/mask_view.h"

namespace ditscope::gui {

void MaskView::drawLegend() {
  if (!m_blocks) return;
  const MaskShow show = effectiveShow();
  const QSize pooling = m_plot->pooling();
  std::vector<ClassEntry> entries =
      maskEntries(*m_blocks, show, plotColours(palette()).dark, pooling != QSize(1, 1));
  m_legend->setVisible(!entries.empty());
  m_legend->setEntries(std::move(entries));
  m_bar->setVisible(show == MaskShow::Mass || show == MaskShow::KeptShare);
  if (show == MaskShow::Mass)
    m_bar->setLegend(massLegend(m_blocks->shownOrder ? *m_blocks->shownMass : *m_blocks->mass));
  if (show == MaskShow::KeptShare) m_bar->setLegend(keptLegend());
  const db::AttnCall* found = call();
  m_note->setText(found && orderRequest(*found) && !m_blocks->shownOrder
                      ? tr("The tokens of this head cannot be shown in that order: as recorded.")
                      : maskNote(show, pooling));
}

void MaskView::showReadout() {
  if (!m_blocks || !trace()) return;
  QString heading =
      QStringLiteral("%1, step %2").arg(capitalised(headText(*trace(), pinned()))).arg(pinned().step);
  const db::TokenOrder recorded = orderOf(*trace(), pinned());
  const bool plain = !m_blocks->shownOrder && recorded == db::TokenOrder::FrameMajor;  // the model's own
  const QString order = plain ? QString() : orderText(m_blocks->shownOrder.value_or(recorded));
  if (session().showsDifference())
    heading += m_blocks->shownOrder ? tr(", A alone")
               : m_blocks->other    ? tr(", A against B")
                                    : tr(", A alone: B has no such mask");
  m_heading->setText(order.isEmpty() ? heading : heading + QStringLiteral(", ") + order);
  const int row = std::min(pinned().queryBlock, m_blocks->rows() - 1);
  const int col = std::min(pinned().keyBlock, m_blocks->cols() - 1);
  m_plot->setPinned(m_blocks->shownOrder ? std::nullopt : std::optional(QPoint(col, row)));
  m_readout->setText(m_blocks->shownOrder
                         ? tr("Each block mixes tokens of several recorded blocks; values are means.")
                         : capitalised(describe(row, col)));
  m_plot->setAccessibleName(tr("Block mask, %1 by %2 blocks").arg(m_blocks->rows()).arg(m_blocks->cols()));
  m_plot->setAccessibleDescription(m_readout->text());
}

QString MaskView::describe(int row, int col) const {
  const db::AttnCall* found = call();
  if (!m_blocks || !found) return {};
  return m_blocks->shownOrder ? reorderedBlockText(*m_blocks, row, col)
                              : blockText(*trace(), *found, orderOf(*trace(), pinned()), *m_blocks, row, col);
}

QString MaskView::copyText() const {
  if (!m_blocks) return m_readout->text();
  return m_heading->text() + QStringLiteral(": ") + m_readout->text();
}

TableData MaskView::table() const {
  TableData numbers{
      {tr("Query block"), tr("Key blocks kept"), tr("Recall"), tr("Only in A"), tr("Only in B")}};
  for (int row = 0; m_blocks && m_blocks->mask && row < m_blocks->mask->rows(); ++row) {
    int kept = 0, onlyA = 0, onlyB = 0;
    for (int col = 0; col < m_blocks->mask->cols(); ++col) {
      kept += m_blocks->mask->at(row, col) != db::BlockState::Skipped;
      if (!m_blocks->other) continue;
      const MaskPair pair = pairAt(*m_blocks->mask, *m_blocks->other, row, col);
      onlyA += pair == MaskPair::OnlyFirst;
      onlyB += pair == MaskPair::OnlySecond;
    }
    const bool recall = size_t(row) < m_blocks->rowRecall.size();
    numbers.rows.push_back(
        {row, kept, recall ? numberOrNothing(m_blocks->rowRecall[size_t(row)]) : QVariant(),
         m_blocks->other ? QVariant(onlyA) : QVariant(), m_blocks->other ? QVariant(onlyB) : QVariant()});
  }
  return numbers;
}

}  // namespace ditscope::gui
