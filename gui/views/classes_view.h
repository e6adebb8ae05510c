// SPDX-License-Identifier: GPL-3.0-or-later
// The kind of pattern of every head at every step, one colour a class, with the number of changes of each
// head at the right: heads that never change can have their class decided once.
#pragma once

#include "gui/models/pattern_class.h"
#include "gui/views/pane.h"

class QComboBox;
class QLabel;

namespace ditscope::gui {

class ClassLegend;
class ColourBar;
class HeatmapPlot;

class ClassesView : public Pane {
  Q_OBJECT
 public:
  explicit ClassesView(Session* session, QWidget* parent = nullptr);

  void setSource(PatternSource source);
  [[nodiscard]] const PatternTable* patterns() const { return m_patterns.get(); }
  [[nodiscard]] HeatmapPlot* plot() const { return m_plot; }

  void fit() override;
  [[nodiscard]] QString copyText() const override;
  [[nodiscard]] TableData table() const override;
  [[nodiscard]] bool settled() const override { return !m_task.busy(); }

 protected:
  void showEvent(QShowEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  struct Row {
    int layer = 0, head = 0;
    std::vector<int> classes;  // by recorded step; -1 = not known
  };
  void reload();
  void draw();
  void showSelection();
  [[nodiscard]] QString describe(size_t row, size_t col) const;
  [[nodiscard]] std::optional<QPoint> position() const;
  [[nodiscard]] Cell cellAt(size_t row, size_t col) const;

  QComboBox* m_source;
  QLabel* m_heading;
  HeatmapPlot* m_plot;
  ColourBar* m_bar;
  ClassLegend* m_legend;
  QLabel* m_readout;
  std::shared_ptr<const PatternTable> m_patterns;
  std::shared_ptr<std::vector<Row>> m_rows;
  Task<PatternTable> m_task;
};

}  // namespace ditscope::gui
