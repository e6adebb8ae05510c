// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/pane_parts.h"

namespace ditscope::gui {

QLabel* headingLabel(QWidget* parent) {
  auto* label = new QLabel(parent);
  QFont bold = label->font();
  bold.setBold(true);
  label->setFont(bold);
  label->setMinimumWidth(40);
  label->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  return label;
}

QLabel* readoutLabel(QWidget* parent) {
  auto* label = new QLabel(parent);
  label->setWordWrap(true);
  label->setTextInteractionFlags(Qt::TextSelectableByMouse);
  label->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  label->setMinimumHeight(2 * label->fontMetrics().lineSpacing() + 2);
  label->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  return label;
}

void addField(QHBoxLayout& row, const QString& label, QWidget* field) {
  auto* name = new QLabel(label, field->parentWidget());
  name->setBuddy(field);
  field->setAccessibleName(QString(label).remove(QChar('&')));
  row.addWidget(name);
  row.addWidget(field);
}

}  // namespace ditscope::gui
