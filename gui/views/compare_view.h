// SPDX-License-Identifier: GPL-3.0-or-later
// Run A against run B: whether they can be compared at all, the figures of both runs, and the cells of one
// quantity that changed most. A row of the second table selects its cell.
#pragma once

#include "analyzer/quantity.h"
#include "gui/models/comparison.h"
#include "gui/models/table_model.h"
#include "gui/views/pane.h"

class QComboBox;
class QLabel;
class QTableView;

namespace ditscope::gui {

class CompareView : public Pane {
  Q_OBJECT
 public:
  explicit CompareView(Session* session, QWidget* parent = nullptr);

  void setQuantity(analyzer::Quantity quantity);
  [[nodiscard]] QString notice() const;
  [[nodiscard]] const std::vector<CellChange>& changes() const { return m_changes; }
  void choose(size_t change);

  [[nodiscard]] QString copyText() const override;
  [[nodiscard]] TableData table() const override { return m_changeModel->table(); }

 private:
  void reload();
  void fillFigures();
  void fillChanges();
  void showNotice();

  QLabel* m_notice;
  QComboBox* m_quantity;
  QTableView *m_figures, *m_list;
  TableModel *m_figureModel, *m_changeModel;
  std::vector<CellChange> m_changes;
};

}  // namespace ditscope::gui
