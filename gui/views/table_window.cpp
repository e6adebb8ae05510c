// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/table_window.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QLabel>
#include <QLineEdit>
#include <QSortFilterProxyModel>
#include <algorithm>

#include "gui/models/table_model.h"
#include "gui/views/pane_parts.h"

namespace ditscope::gui {

TableWindow::TableWindow(const QString& title, TableData numbers, QWidget* parent) : QDialog(parent) {
  setWindowTitle(title);
  auto* model = new TableModel(this);
  model->setData(std::move(numbers));
  auto* sorted = new QSortFilterProxyModel(this);
  sorted->setSourceModel(model);
  sorted->setSortRole(TableModel::kSortRole);
  sorted->setFilterKeyColumn(-1);
  sorted->setFilterCaseSensitivity(Qt::CaseInsensitive);
  m_view = dataTable(sorted, this);
  m_view->setAccessibleName(title);
  m_view->setSelectionMode(QAbstractItemView::ExtendedSelection);
  m_view->resizeColumnsToContents();
  auto* filter = new QLineEdit(this);
  filter->setClearButtonEnabled(true);
  connect(filter, &QLineEdit::textChanged, sorted, &QSortFilterProxyModel::setFilterFixedString);
  auto* copy = new QAction(tr("Copy the rows"), this);
  copy->setShortcut(QKeySequence::Copy);
  connect(copy, &QAction::triggered, this, &TableWindow::copyRows);
  addAction(copy);
  auto* row = new QHBoxLayout;
  addField(*row, tr("&Filter"), filter);
  auto* column = paneColumn(this);
  column->addLayout(row);
  column->addWidget(m_view, 1);
  column->addWidget(new QLabel(tr("%1 rows. Ctrl+C copies the selected ones.").arg(model->rowCount()), this));
  resize(720, 480);
}

void TableWindow::copyRows() const {
  QModelIndexList rows = m_view->selectionModel()->selectedRows();
  std::sort(rows.begin(), rows.end());
  QStringList lines;
  for (const QModelIndex& row : rows) {
    QStringList fields;
    for (int column = 0; column < m_view->model()->columnCount(); ++column)
      fields << row.siblingAtColumn(column).data().toString();
    lines << fields.join(QChar('\t'));
  }
  QApplication::clipboard()->setText(lines.join(QChar('\n')));
}

}  // namespace ditscope::gui
