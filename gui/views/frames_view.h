// SPDX-License-Identifier: GPL-3.0-or-later
// The decoded frames of two runs: is the damage visible? Both players go together; the curve beneath shows
// where they part. Folders are those that collect --frames wrote; `frames` beside a trace is found by itself.
#pragma once

#include <QTimer>
#include <functional>

#include "gui/plots/frame_canvas.h"
#include "gui/plots/frame_metrics.h"
#include "gui/views/pane.h"

class QComboBox;
class QLabel;
class QSlider;
class QVBoxLayout;

namespace ditscope::gui {

class XyPlot;

class FramesView : public Pane {
  Q_OBJECT
 public:
  explicit FramesView(Session* session, QWidget* parent = nullptr);

  void setChooser(std::function<QString()> choose);  // instead of a dialog
  void setFolders(const QString& a, const QString& b);
  void setShow(FrameShow show);
  void setFrame(int frame);
  void goToWorst();
  [[nodiscard]] int frame() const;
  [[nodiscard]] const FrameScores* scores() const { return m_scores.get(); }

  void fit() override;
  [[nodiscard]] QString copyText() const override;
  [[nodiscard]] TableData table() const override;
  [[nodiscard]] bool settled() const override { return !m_task.busy(); }

 private:
  void buildControls(QVBoxLayout& column);
  void find();  // folders beside the traces
  void reload();
  void draw();
  void showFrame();
  [[nodiscard]] QString describe(int frame) const;

  QComboBox *m_show, *m_measure;
  QSlider* m_slider;
  QLabel* m_heading;
  FrameCanvas* m_canvas;
  XyPlot* m_plot;
  QLabel* m_readout;
  std::function<QString()> m_choose;
  QString m_folderA, m_folderB, m_foundFor;
  QStringList m_a, m_b;
  std::shared_ptr<const FrameScores> m_scores;
  Task<FrameScores> m_task;
  QTimer m_play;
};

}  // namespace ditscope::gui
