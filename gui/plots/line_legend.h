// SPDX-License-Identifier: GPL-3.0-or-later
// The names of curves with a sample of each, in as many rows as the width asks for. Dashes, marks and bands
// tell the curves apart without their colours.
#pragma once

#include <QColor>
#include <QString>
#include <QWidget>
#include <vector>

namespace ditscope::gui {

enum class LineSample : unsigned char { Line, Dashed, Points, LinePoints, Rings, Band, Bar };

struct LineEntry {
  QString name;
  LineSample sample = LineSample::Line;
  QColor colour;
};

class LineLegend : public QWidget {
  Q_OBJECT
 public:
  explicit LineLegend(QWidget* parent = nullptr);
  void setEntries(std::vector<LineEntry> entries);
  [[nodiscard]] const std::vector<LineEntry>& entries() const { return m_entries; }
  [[nodiscard]] QSize sizeHint() const override { return {120, heightFor(width())}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  [[nodiscard]] std::vector<QPoint> places(int width) const;  // top left corner of each entry
  [[nodiscard]] int entryWidth(const LineEntry& entry) const;
  [[nodiscard]] int rowHeight() const;
  [[nodiscard]] int heightFor(int width) const;

  std::vector<LineEntry> m_entries;
};

}  // namespace ditscope::gui
