// SPDX-License-Identifier: GPL-3.0-or-later
// What if? A setting for all heads, a layer or a head, and what it would have kept, lost and taken, computed
// as the sliders move. Settings that are worth keeping are pinned and compared, each with one density for all
// heads that keeps as many blocks. Predictions carry a tilde and rings; what was measured does not.
#pragma once

#include "gui/models/table_model.h"
#include "gui/models/what_if.h"
#include "gui/views/pane.h"

class QComboBox;
class QLabel;
class QSlider;
class QSpinBox;
class QTableView;
class QVBoxLayout;

namespace ditscope::gui {

class XyPlot;

class WhatIfView : public Pane {
  Q_OBJECT
 public:
  explicit WhatIfView(Session* session, QWidget* parent = nullptr);

  enum class Scope { All, Layer, Head };
  void setScope(Scope scope);
  void setSetting(const WhatIfSetting& setting);  // of the scope; can be undone
  void setDenseSteps(int first, int last);
  void pin();
  [[nodiscard]] const WhatIfPlan& plan() const { return m_plan; }
  [[nodiscard]] const WhatIfOutcome& outcome() const { return m_outcome; }
  [[nodiscard]] size_t variants() const { return m_pinned.size(); }

  void fit() override;
  [[nodiscard]] QString copyText() const override;
  [[nodiscard]] TableData table() const override { return m_model->table(); }
  [[nodiscard]] bool settled() const override;

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  friend class PlanCommand;
  struct Variant {
    WhatIfPlan plan;
    WhatIfOutcome outcome;
  };

  void buildControls(QVBoxLayout& column);
  void reload();                       // another run, or what is read of it has come
  void readMore();                     // latency model and, once asked for, windows
  void apply(const WhatIfPlan& plan);  // without undo
  void change(const WhatIfPlan& plan);
  void showControls();
  void recompute();
  void fillTable();
  void draw();
  [[nodiscard]] std::vector<LayerHead> headsInScope() const;
  [[nodiscard]] WhatIfSetting settingInScope() const;
  [[nodiscard]] QString verdict() const;

  QComboBox *m_scope, *m_rule;
  QSlider* m_value;
  QLabel* m_valueText;
  QSpinBox *m_first, *m_last;
  QLabel* m_heading;
  XyPlot* m_plot;
  QTableView* m_list;
  TableModel* m_model;
  QLabel* m_readout;
  WhatIfPlan m_plan;
  WhatIfOutcome m_outcome, m_recorded;
  std::vector<Variant> m_pinned;
  std::vector<RecallPoint> m_uniform;  // one density for all heads, its best masks
  CurveTablePtr m_curves;
  WindowTablePtr m_windows;
  std::shared_ptr<const analyzer::Prices> m_prices;
  Task<WindowTable> m_windowTask;
  Task<analyzer::Prices> m_priceTask;
  int m_drag = 0;  // number of the drag of the slider
  bool m_pricesTried = false, m_windowsTried = false;
};

}  // namespace ditscope::gui
