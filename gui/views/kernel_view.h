// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels of the run: a table by launch configuration, and below it how the times of the chosen one are
// distributed, as a histogram or as the share of launches that were at most as slow.
#pragma once

#include "gui/models/kernel_table.h"
#include "gui/models/table_model.h"
#include "gui/views/pane.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QSortFilterProxyModel;
class QTableView;

namespace ditscope::gui {

class XyPlot;

class KernelView : public Pane {
  Q_OBJECT
 public:
  explicit KernelView(Session* session, QWidget* parent = nullptr);

  void choose(size_t group);  // in groups()
  void setCumulative(bool cumulative);
  [[nodiscard]] const std::vector<KernelGroup>& groups() const { return m_groups; }
  [[nodiscard]] XyPlot* plot() const { return m_plot; }
  [[nodiscard]] QTableView* list() const { return m_list; }

  void fit() override;
  [[nodiscard]] QString copyText() const override;
  [[nodiscard]] TableData table() const override { return m_model->table(); }
  [[nodiscard]] bool settled() const override { return !session().readsKernels(); }

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  void buildList();
  void reload();
  void fillList();
  void draw();
  void drawHistogram(const KernelGroup& group, double lo, double hi);
  void drawShares(const KernelGroup& group, double lo, double hi);
  [[nodiscard]] QString nameOf(const KernelGroup& group) const;

  QLineEdit* m_filter;
  QComboBox* m_shape;
  QTableView* m_list;
  TableModel* m_model;
  QSortFilterProxyModel* m_sorted;
  XyPlot* m_plot;
  QLabel* m_readout;
  KernelTablePtr m_kernels;
  std::vector<KernelGroup> m_groups;
  size_t m_chosen = 0;
};

}  // namespace ditscope::gui
