// SPDX-License-Identifier: GPL-3.0-or-later
// Achieved against ideal speed-up of each attention call, or its place on the roofline. Points below the line
// leave speed on the table; a click selects the call.
#pragma once

#include "gui/models/speedup.h"
#include "gui/views/pane.h"

class QComboBox;
class QLabel;

namespace ditscope::gui {

class XyPlot;
struct XySeries;

class SpeedupView : public Pane {
  Q_OBJECT
 public:
  explicit SpeedupView(Session* session, QWidget* parent = nullptr);

  void setRoofline(bool roofline);
  [[nodiscard]] const SpeedTable& speeds() const { return m_speeds; }
  [[nodiscard]] XyPlot* plot() const { return m_plot; }

  void fit() override;
  [[nodiscard]] QString copyText() const override;
  [[nodiscard]] TableData table() const override;

 private:
  void reload();
  void draw();
  void drawSpeedups();
  void drawRoofline();
  void showSelection();
  [[nodiscard]] XySeries points(const QString& name,
                                const std::function<QPointF(const CallSpeed&)>& at) const;
  [[nodiscard]] const CallSpeed* selected() const;
  [[nodiscard]] QString describe(const CallSpeed& speed) const;
  [[nodiscard]] QPointF place(const CallSpeed& speed) const;

  QComboBox* m_shape;
  QLabel* m_heading;
  XyPlot* m_plot;
  QLabel* m_readout;
  SpeedTable m_speeds;
};

}  // namespace ditscope::gui
