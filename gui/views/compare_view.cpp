// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/compare_view.h"

#include <QHeaderView>
#include <cmath>

#include "analyzer/format.h"
#include "gui/models/readout.h"
#include "gui/models/value_scale.h"
#include "gui/plots/theme.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {
namespace {

constexpr size_t kMostChanges = 200;

QString figureText(double value, bool isTime) {
  if (!std::isfinite(value)) return text(analyzer::kNoValue);
  return text(isTime ? analyzer::formatDuration(value) : analyzer::formatPercent(value));
}

QString deltaText(const RunFigure& figure) {
  const double by = figure.b - figure.a;
  if (!std::isfinite(by)) return text(analyzer::kNoValue);
  const QString sign = by > 0 ? QStringLiteral("+") : by < 0 ? QStringLiteral("\u2212") : QString();
  return sign + figureText(std::abs(by), figure.isTime);
}

QVariant ratio(double a, double b) {
  return a != 0 && std::isfinite(b / a) ? QVariant(b / a) : QVariant();
}

QString runName(const Trace& trace) {
  const QString file = text(trace.path.filename().string());
  return trace.facts.run.method.empty() ? file
                                        : QStringLiteral("%1 (%2)").arg(file, text(trace.facts.run.method));
}

}  // namespace

CompareView::CompareView(Session* owner, QWidget* parent) : Pane(owner, tr("Two runs"), parent) {
  QVBoxLayout* column = paneColumn(this);
  m_notice = new QLabel(this);
  m_notice->setWordWrap(true);
  m_notice->setTextFormat(Qt::RichText);
  m_notice->setTextInteractionFlags(Qt::TextSelectableByMouse);
  m_notice->setAccessibleName(tr("Do the runs align"));
  column->addWidget(m_notice);
  m_figureModel = new TableModel(this);
  m_figures = dataTable(m_figureModel, this);
  m_figures->setSortingEnabled(false);
  m_figures->setAccessibleName(tr("Figures of both runs"));
  letNamesTakeTheRest(m_figures);
  column->addWidget(m_figures, 2);
  m_quantity = new QComboBox(this);
  for (const analyzer::QuantityInfo& info : analyzer::quantities())
    m_quantity->addItem(capitalised(text(info.label)), int(info.quantity));
  m_quantity->setCurrentIndex(m_quantity->findData(int(analyzer::Quantity::Recall)));
  auto* row = new QHBoxLayout;
  addField(*row, tr("&Most changed in"), m_quantity);
  row->addStretch();
  column->addLayout(row);
  m_changeModel = new TableModel(this);
  m_list = dataTable(m_changeModel, this);
  m_list->setSortingEnabled(false);
  m_list->setAccessibleName(tr("Cells that changed most"));
  m_list->horizontalHeader()->setStretchLastSection(false);
  column->addWidget(m_list, 3);
  setFocusProxy(m_list);
  connect(m_quantity, &QComboBox::currentIndexChanged, this, &CompareView::fillChanges);
  connect(m_list->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
          [this](const QModelIndex& at) {
            if (at.isValid() && size_t(at.row()) < m_changes.size())
              selection().pin(m_changes[size_t(at.row())].cell);
          });
  connect(owner, &Session::runsChanged, this, &CompareView::reload);
  reload();
}

void CompareView::setQuantity(analyzer::Quantity quantity) {
  m_quantity->setCurrentIndex(m_quantity->findData(int(quantity)));
}
QString CompareView::notice() const {
  return m_notice->text();
}
void CompareView::choose(size_t change) {
  m_list->setCurrentIndex(m_changeModel->index(int(change), 0));
}

void CompareView::reload() {
  const bool both = session().runA() && session().runB();
  for (QWidget* each :
       {static_cast<QWidget*>(m_figures), static_cast<QWidget*>(m_list), static_cast<QWidget*>(m_quantity)})
    each->setEnabled(both);
  if (!both) {
    m_notice->setText(
        session().runA()
            ? tr("Open a second run to compare with this one: <b>File, Open a run to compare</b>, "
                 "or drop two traces on the window.")
            : QString());
    m_changes.clear();
    m_figureModel->setData({});
    m_changeModel->setData({});
    return;
  }
  showNotice();
  fillFigures();
  fillChanges();
}

void CompareView::showNotice() {
  const Trace &a = *session().runA(), &b = *session().runB();
  const Alignment alignment = align(a, b);
  const PlotColours colours = plotColours(palette());
  QString words =
      tr("<b>A</b> %1<br><b>B</b> %2<br>").arg(runName(a).toHtmlEscaped(), runName(b).toHtmlEscaped());
  if (alignment.complete()) {
    words += tr("<span style='color:%1'>\u2713 The runs align:</span> %2 heads in both, nothing left out.")
                 .arg(colours.good.name(), text(analyzer::formatCount(alignment.both)));
  } else {
    words +=
        tr("<b style='color:%1'>\u26a0 The runs do not align.</b> %2 heads are in both, %3 only in A, %4 "
           "only in B.")
            .arg(colours.warning.name(), text(analyzer::formatCount(alignment.both)),
                 text(analyzer::formatCount(alignment.onlyA)), text(analyzer::formatCount(alignment.onlyB)));
    if (!alignment.notices.isEmpty())
      words += tr(" Different: %1.").arg(alignment.notices.join(QStringLiteral("; ")).toHtmlEscaped());
  }
  m_notice->setText(words);
}

void CompareView::fillFigures() {
  TableData numbers{{tr("Whole run"), tr("A"), tr("B"), tr("B \u2212 A"), tr("B / A")}};
  for (const RunFigure& figure : runFigures(*session().runA(), *session().runB()))
    numbers.rows.push_back({figure.name, figureText(figure.a, figure.isTime),
                            figureText(figure.b, figure.isTime), deltaText(figure),
                            ratio(figure.a, figure.b)});
  m_figureModel->setData(std::move(numbers));
  m_figures->resizeColumnsToContents();
}

void CompareView::fillChanges() {
  if (!session().runA() || !session().runB()) return;
  const auto quantity = analyzer::Quantity(m_quantity->currentData().toInt());
  m_changes = topChanges(*session().runA(), *session().runB(), quantity, kMostChanges);
  const QString unit = cellUnit(quantity);
  TableData numbers{{tr("Step"), tr("Layer"), tr("Head"), tr("Branch"), tr("A (%1)").arg(unit),
                     tr("B (%1)").arg(unit), tr("B \u2212 A (%1)").arg(unit), tr("B / A")}};
  for (const CellChange& change : m_changes)
    numbers.rows.push_back(
        {change.cell.step, change.cell.layer, change.cell.head, branchName(change.cell.branch),
         cellText(quantity, change.a), cellText(quantity, change.b),
         (change.by() > 0 ? QStringLiteral("+") : QString()) + cellText(quantity, change.by()),
         ratio(change.a, change.b)});
  m_changeModel->setData(std::move(numbers));
  m_list->resizeColumnsToContents();
}

QString CompareView::copyText() const {
  return m_changes.empty() ? tr("no second run is open")
                           : tabText(m_figureModel->table()) + QStringLiteral("\n\n") + tabText(table());
}

}  // namespace ditscope::gui
