// SPDX-License-Identifier: GPL-3.0-or-later
// Small widgets that all panes are made of.
#pragma once

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>

namespace ditscope::gui {

[[nodiscard]] QLabel* headingLabel(QWidget* parent);  // one line, bold, elided by its owner
[[nodiscard]] QLabel* readoutLabel(QWidget* parent);  // selectable, wraps
// A label and its field, tied together for keyboard and screen reader.
void addField(QHBoxLayout& row, const QString& label, QWidget* field);

}  // namespace ditscope::gui
