// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/table_model.h"

#include "gui/models/readout.h"

namespace ditscope::gui {

void TableModel::setData(TableData data) {
  beginResetModel();
  m_data = std::move(data);
  endResetModel();
}

int TableModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : int(m_data.rows.size());
}

int TableModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : int(m_data.columns.size());
}

QVariant TableModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount() || index.column() >= columnCount()) return {};
  const QVariant value = m_data.rows[size_t(index.row())].value(index.column());
  const bool number = value.typeId() == QMetaType::Double;
  switch (role) {
    case Qt::DisplayRole:
      if (!value.isValid()) return QStringLiteral("-");
      return number ? QVariant(numberText(value.toDouble(), 4)) : QVariant(value.toString());
    case Qt::TextAlignmentRole:
      return QVariant(
          Qt::Alignment((number || value.typeId() == QMetaType::Int || value.typeId() == QMetaType::LongLong
                             ? Qt::AlignRight
                             : Qt::AlignLeft) |
                        Qt::AlignVCenter));
    case kSortRole:
      return value;
    case Qt::ToolTipRole:
      return value.typeId() == QMetaType::QString ? value : QVariant();
    default:
      return {};
  }
}

QVariant TableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (role != Qt::DisplayRole || section < 0) return {};
  return orientation == Qt::Horizontal ? QVariant(m_data.columns.value(section)) : QVariant(section + 1);
}

}  // namespace ditscope::gui
