// SPDX-License-Identifier: GPL-3.0-or-later
// The numbers behind a pane in a window of their own: sorted by a header, filtered as one types, copied as
// rows. For whoever cannot or will not read them off a picture.
#pragma once

#include <QDialog>

#include "gui/models/table_data.h"

class QTableView;

namespace ditscope::gui {

class TableWindow : public QDialog {
  Q_OBJECT
 public:
  TableWindow(const QString& title, TableData numbers, QWidget* parent = nullptr);
  [[nodiscard]] QTableView* view() const { return m_view; }

 private:
  void copyRows() const;

  QTableView* m_view;
};

}  // namespace ditscope::gui
