// SPDX-License-Identifier: GPL-3.0-or-later
// A configuration as a table of heads, as it applies at one step and branch. The setting can be typed; what
// is typed is asked for, not done: the owner of the model edits the configuration and hands it in again.
#pragma once

#include <QAbstractTableModel>
#include <memory>

#include "gui/models/config_edit.h"
#include "gui/models/table_data.h"

namespace ditscope::gui {

class ConfigModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Layer, Head, Kind, Setting, Density, Recall, Error, Time, Before, kColumns };
  static constexpr int kSortRole = Qt::UserRole, kChangedRole = Qt::UserRole + 1;
  using QAbstractTableModel::QAbstractTableModel;

  // `baseline`: what changes are told against.
  void setConfig(const db::SparsityConfig& config, const db::SparsityConfig& baseline);
  void setPlace(int step, db::Branch branch);
  [[nodiscard]] std::pair<int, int> headAt(int row) const;
  [[nodiscard]] int rowOf(int layer, int head) const;
  [[nodiscard]] TableData numbers() const;

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  [[nodiscard]] Qt::ItemFlags flags(const QModelIndex& index) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;

 signals:
  void settingTyped(int layer, int head, const QString& words);

 private:
  [[nodiscard]] db::Cell cellAt(int row) const;
  [[nodiscard]] QVariant shown(int row, int column) const;
  [[nodiscard]] bool changed(int row) const;

  std::unique_ptr<db::ConfigTable> m_table, m_baseline;
  int m_step = 0;
  db::Branch m_branch = db::Branch::Cond;
};

}  // namespace ditscope::gui
