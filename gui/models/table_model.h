// SPDX-License-Identifier: GPL-3.0-or-later
// A TableData for item views: numbers sort as numbers (by kSortRole) and read as short text. Replaced whole.
#pragma once

#include <QAbstractTableModel>

#include "gui/models/table_data.h"

namespace ditscope::gui {

class TableModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  static constexpr int kSortRole = Qt::UserRole;
  using QAbstractTableModel::QAbstractTableModel;

  void setData(TableData data);  // NOLINT: another meaning than that of the base class
  [[nodiscard]] const TableData& table() const { return m_data; }

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  using QAbstractTableModel::setData;
  TableData m_data;
};

}  // namespace ditscope::gui
