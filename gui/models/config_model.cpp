// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/config_model.h"

#include <algorithm>

#include "analyzer/exchange/choice_text.h"
#include "db/enum_names.h"
#include "gui/models/readout.h"

namespace ditscope::gui {
namespace {

QVariant percentOf(const std::optional<double>& fraction) {
  return fraction ? QVariant(100 * *fraction) : QVariant();
}

}  // namespace

void ConfigModel::setConfig(const db::SparsityConfig& config, const db::SparsityConfig& baseline) {
  beginResetModel();
  m_table = std::make_unique<db::ConfigTable>(config);
  const bool comparable = baseline.steps == config.steps && baseline.model.layers == config.model.layers &&
                          baseline.model.heads == config.model.heads;
  m_baseline = comparable ? std::make_unique<db::ConfigTable>(baseline) : nullptr;
  m_step = std::clamp(m_step, 0, std::max(config.steps - 1, 0));
  endResetModel();
}

void ConfigModel::setPlace(int step, db::Branch branch) {
  if (m_table) step = std::clamp(step, 0, std::max(m_table->config().steps - 1, 0));
  if (step == m_step && branch == m_branch) return;
  m_step = step;
  m_branch = branch;
  if (rowCount() > 0) emit dataChanged(index(0, 0), index(rowCount() - 1, kColumns - 1));
}

int ConfigModel::rowCount(const QModelIndex& parent) const {
  if (parent.isValid() || !m_table || m_table->config().steps <= 0) return 0;
  return m_table->config().model.layers * m_table->config().model.heads;
}

int ConfigModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : kColumns;
}

std::pair<int, int> ConfigModel::headAt(int row) const {
  const int heads = std::max(m_table ? m_table->config().model.heads : 1, 1);
  return {row / heads, row % heads};
}

int ConfigModel::rowOf(int layer, int head) const {
  return m_table ? layer * m_table->config().model.heads + head : -1;
}

db::Cell ConfigModel::cellAt(int row) const {
  const auto [layer, head] = headAt(row);
  return {m_step, layer, head, m_branch};
}

bool ConfigModel::changed(int row) const {
  const db::Cell cell = cellAt(row);
  return m_baseline && (!analyzer::sameSetting(m_table->resolve(cell), m_baseline->resolve(cell)) ||
                        m_table->kindOf(cell) != m_baseline->kindOf(cell));
}

QVariant ConfigModel::shown(int row, int column) const {
  const db::MethodChoice& choice = m_table->resolve(cellAt(row));
  switch (column) {
    case Layer:
      return headAt(row).first;
    case Head:
      return headAt(row).second;
    case Kind:
      return text(db::nameOf(m_table->kindOf(cellAt(row))));
    case Setting:
      return choiceWords(choice);
    case Density:
      return percentOf(choice.expected.density);
    case Recall:
      return percentOf(choice.expected.recall);
    case Error:
      return percentOf(choice.expected.error);
    case Time:
      return choice.expected.timeNs ? QVariant(double(*choice.expected.timeNs) * 1e-6) : QVariant();
    case Before:
      return changed(row) ? QVariant(choiceWords(m_baseline->resolve(cellAt(row)))) : QVariant();
    default:
      return {};
  }
}

QVariant ConfigModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount() || index.column() >= kColumns) return {};
  const QVariant value = shown(index.row(), index.column());
  switch (role) {
    case Qt::DisplayRole:
      if (value.typeId() == QMetaType::Double) return QStringLiteral("~") + numberText(value.toDouble());
      return value.isValid() ? QVariant(value.toString()) : QVariant(QString());
    case Qt::EditRole:
    case kSortRole:
      return value;
    case kChangedRole:
      return changed(index.row());
    case Qt::TextAlignmentRole:
      return QVariant(Qt::Alignment((value.typeId() == QMetaType::Double || value.typeId() == QMetaType::Int
                                         ? Qt::AlignRight
                                         : Qt::AlignLeft) |
                                    Qt::AlignVCenter));
    default:
      return {};
  }
}

QVariant ConfigModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (role == Qt::ToolTipRole && section >= Density && section <= Time)
    return tr("expected when the setting was chosen");
  if (role != Qt::DisplayRole || orientation != Qt::Horizontal) return {};
  switch (section) {
    case Layer:
      return tr("Layer");
    case Head:
      return tr("Head");
    case Kind:
      return tr("Step");
    case Setting:
      return tr("Method and parameters");
    case Density:
      return tr("Blocks (%)");
    case Recall:
      return tr("Recall (%)");
    case Error:
      return tr("Error (%)");
    case Time:
      return tr("Time (ms)");
    case Before:
      return tr("Was");
    default:
      return {};
  }
}

Qt::ItemFlags ConfigModel::flags(const QModelIndex& index) const {
  const Qt::ItemFlags flags = QAbstractTableModel::flags(index);
  return index.column() == Setting ? flags | Qt::ItemIsEditable : flags;
}

bool ConfigModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (role != Qt::EditRole || !index.isValid() || index.column() != Setting) return false;
  if (value.toString() == shown(index.row(), Setting).toString()) return false;
  const auto [layer, head] = headAt(index.row());
  emit settingTyped(layer, head, value.toString());
  return true;
}

TableData ConfigModel::numbers() const {
  TableData table;
  for (int column = 0; column < kColumns; ++column)
    table.columns << headerData(column, Qt::Horizontal, Qt::DisplayRole).toString();
  for (int row = 0; row < rowCount(); ++row) {
    QVariantList values;
    for (int column = 0; column < kColumns; ++column) values << shown(row, column);
    table.rows.push_back(std::move(values));
  }
  return table;
}

}  // namespace ditscope::gui
