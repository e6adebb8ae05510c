// SPDX-License-Identifier: GPL-3.0-or-later
// What the program is, its version, and under which licences it and its parts stand.
#pragma once

#include <QDialog>

namespace ditscope::gui {

class About : public QDialog {
  Q_OBJECT
 public:
  explicit About(QWidget* parent = nullptr);
};

}  // namespace ditscope::gui
