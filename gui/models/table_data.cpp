// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/table_data.h"

#include <cmath>

namespace ditscope::gui {
namespace {

bool isNumber(const QVariant& value) {
  return value.typeId() == QMetaType::Double || value.typeId() == QMetaType::Int ||
         value.typeId() == QMetaType::LongLong;
}

QString plainField(const QVariant& value) {
  if (!value.isValid()) return {};
  if (value.typeId() == QMetaType::Double) return QString::number(value.toDouble(), 'g', 9);
  return value.toString();
}

QString csvField(const QVariant& value) {
  QString field = plainField(value);
  if (isNumber(value)) return field;
  static const QString kFormula = QStringLiteral("=+-@\t\r");
  if (!field.isEmpty() && kFormula.contains(field[0])) field.prepend(QChar('\''));
  if (!field.contains(QChar(',')) && !field.contains(QChar('"')) && !field.contains(QChar('\n')))
    return field;
  return QChar('"') + field.replace(QChar('"'), QStringLiteral("\"\"")) + QChar('"');
}

}  // namespace

QVariant numberOrNothing(double value) {
  return std::isfinite(value) ? QVariant(value) : QVariant();
}

QString csvText(const TableData& table) {
  QString text;
  const auto add = [&text](const QVariantList& row) {
    QStringList fields;
    for (const QVariant& value : row) fields << csvField(value);
    text += fields.join(QChar(',')) + QChar('\n');
  };
  add(QVariantList(table.columns.begin(), table.columns.end()));
  for (const QVariantList& row : table.rows) add(row);
  return text;
}

QString tabText(const TableData& table) {
  QString text = table.columns.join(QChar('\t'));
  for (const QVariantList& row : table.rows) {
    QStringList fields;
    for (const QVariant& value : row) fields << plainField(value).replace(QChar('\t'), QChar(' '));
    text += QChar('\n') + fields.join(QChar('\t'));
  }
  return text;
}

}  // namespace ditscope::gui
