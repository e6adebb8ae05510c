// SPDX-License-Identifier: GPL-3.0-or-later
// Two pictures to compare: beside each other, one over the other with an edge to drag, their difference, or
// in turns. Magnified by whole pixels where there is room, never blurred.
#pragma once

#include <QImage>
#include <QTimer>
#include <QWidget>

namespace ditscope::gui {

enum class FrameShow : unsigned char { Beside, Wipe, Difference, Flicker };

class FrameCanvas : public QWidget {
  Q_OBJECT
 public:
  explicit FrameCanvas(QWidget* parent = nullptr);

  void setFrames(QImage a, QImage b);  // a null one is left out
  void setShow(FrameShow show);
  void setWipe(double share);      // of the width, that A covers
  static constexpr int kGain = 4;  // of the difference

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  [[nodiscard]] QRect place(const QImage& image, const QRect& room) const;
  void wipeTo(double x);

  QImage m_a, m_b;
  FrameShow m_show = FrameShow::Beside;
  double m_wipe = 0.5;
  bool m_showsB = false;
  QTimer m_flicker;
};

}  // namespace ditscope::gui
