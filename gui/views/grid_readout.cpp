// SPDX-License-Identifier: GPL-3.0-or-later
// What the grid says in words and as a table.
#include <QComboBox>
#include <QLabel>
#include <cmath>

#include "gui/models/readout.h"
#include "gui/plots/heatmap_plot.h"
#include "gui/views/grid_view.h"

namespace ditscope::gui {

using analyzer::Quantity;

QString GridView::describe(const Cell& cell) const {
  if (!trace()) return {};
  const std::optional<size_t> row = trace()->row(cell);
  const double measured = valueOf(cell);
  QString value = text(analyzer::formatQuantity(quantity(), measured));
  if (session().showsDifference()) return describeDifference(cell);
  if (quantity() == Quantity::Time && row)
    value += QStringLiteral(", ") + timeMethodName(trace()->table.timeMethod[*row]);
  if (std::isnan(measured)) value = tr("not measured");
  QString where = headText(*trace(), cell);
  if (axes() != GridAxes::LayerHead) where += tr(", step %1").arg(cell.step);
  return QStringLiteral("%1: %2 %3").arg(where, text(analyzer::info(quantity()).label), value);
}

QString GridView::describeDifference(const Cell& cell) const {
  const auto words = [this](double value) { return text(analyzer::formatQuantity(quantity(), value)); };
  const double a = session().runA()->value(cell, quantity()), b = session().runB()->value(cell, quantity());
  return tr("%1, step %2: %3 A %4, B %5, B \u2212 A %6")
      .arg(headText(*trace(), cell))
      .arg(cell.step)
      .arg(text(analyzer::info(quantity()).label), words(a), words(b), words(b - a));
}

void GridView::showReadout() {
  if (!trace()) return;
  const analyzer::QuantityInfo& info = analyzer::info(quantity());
  QString name = capitalised(text(info.label));
  if (session().showsDifference()) name = tr("B \u2212 A: %1").arg(name);
  m_heading->setText(
      axes() == GridAxes::LayerHead
          ? QStringLiteral("%1, %2, %3")
                .arg(name, stepText(*trace(), pinned().step), branchName(pinned().branch))
          : QStringLiteral("%1, %2, %3").arg(name, m_axes->currentText(), branchName(pinned().branch)));
  m_readout->setText(capitalised(describe(pinned())));
  m_plot->setAccessibleName(tr("Grid of %1, %2").arg(text(info.label), m_axes->currentText()));
  m_plot->setAccessibleDescription(m_readout->text());
}

TableData GridView::table() const {
  TableData numbers{
      {tr("Step"), tr("Layer"), tr("Head"), tr("Branch"), text(analyzer::columnTitle(quantity()))}};
  for (size_t i = 0; i < m_grid.cells.size(); ++i) {
    const Cell& cell = m_grid.cells[i];
    const QVariant head = axes() == GridAxes::LayerStep ? QVariant(tr("mean")) : QVariant(cell.head);
    numbers.rows.push_back(
        {cell.step, cell.layer, head, branchName(cell.branch), numberOrNothing(m_grid.values[i])});
  }
  return numbers;
}

QString GridView::copyText() const {
  return describe(pinned());
}

}  // namespace ditscope::gui
