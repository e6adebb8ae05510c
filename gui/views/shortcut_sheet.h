// SPDX-License-Identifier: GPL-3.0-or-later
// The list of all shortcuts, made from the actions themselves so that it cannot be out of date.
#pragma once

#include <QDialog>

namespace ditscope::gui {

class ShortcutSheet : public QDialog {
  Q_OBJECT
 public:
  explicit ShortcutSheet(const QWidget* window, QWidget* parent = nullptr);
};

struct ShortcutLine {
  QString place;  // pane or menu; empty for the whole window
  QString action;
  QString keys;
};
[[nodiscard]] QList<ShortcutLine> shortcutLines(const QWidget* window);

}  // namespace ditscope::gui
