// SPDX-License-Identifier: GPL-3.0-or-later
// The run along time: steps, attention calls with their mask search, and kernels by stream. A click on a call
// or a kernel of one selects its step, layer and branch.
#pragma once

#include "gui/models/timeline.h"
#include "gui/views/pane.h"

class QLabel;

namespace ditscope::gui {

class LineLegend;
class TimelinePlot;
struct SpanRef;

class TimelineView : public Pane {
  Q_OBJECT
 public:
  explicit TimelineView(Session* session, QWidget* parent = nullptr);
  [[nodiscard]] TimelinePlot* plot() const { return m_plot; }

  void fit() override;
  [[nodiscard]] QString copyText() const override;
  [[nodiscard]] TableData table() const override;
  [[nodiscard]] bool settled() const override { return !session().readsKernels(); }

 protected:
  void showEvent(QShowEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void reload();
  void mark();  // the selected call
  void select(const SpanRef& span);
  void showView();
  void nameColours();
  [[nodiscard]] const db::AttnCall* callOf(const SpanRef& span) const;
  [[nodiscard]] QString describe(const SpanRef& span) const;

  QLabel* m_heading;
  LineLegend* m_legend;
  TimelinePlot* m_plot;
  QLabel* m_readout;
  KernelTablePtr m_kernels;
  TimelinePtr m_timeline;
  std::map<int64_t, size_t> m_callById;
};

}  // namespace ditscope::gui
