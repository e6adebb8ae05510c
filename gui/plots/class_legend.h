// SPDX-License-Identifier: GPL-3.0-or-later
// Swatches with names and shares for a map of classes: the block mask's legend. Each swatch shows the ramp
// of its class and the mark that cells of it carry, so that nothing hangs on hue alone.
#pragma once

#include <QWidget>
#include <vector>

#include "gui/plots/heatmap_source.h"
#include "gui/plots/theme.h"

namespace ditscope::gui {

struct ClassEntry {
  ClassColours colours;
  CellMark mark = CellMark::None;
  QString name;
  QString detail;  // smaller, beneath the name
};

class ClassLegend : public QWidget {
  Q_OBJECT
 public:
  explicit ClassLegend(QWidget* parent = nullptr);
  void setEntries(std::vector<ClassEntry> entries);
  [[nodiscard]] const std::vector<ClassEntry>& entries() const { return m_entries; }
  [[nodiscard]] QSize sizeHint() const override;
  [[nodiscard]] QSize minimumSizeHint() const override { return {120, rowHeight()}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  [[nodiscard]] int rowHeight() const;
  [[nodiscard]] int entryWidth() const;  // of the widest entry
  [[nodiscard]] int columnsIn(int width) const;
  void fitHeight();  // as many rows as the width asks for

  std::vector<ClassEntry> m_entries;
};

}  // namespace ditscope::gui
