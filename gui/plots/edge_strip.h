// SPDX-License-Identifier: GPL-3.0-or-later
// A strip of steps along an edge of a heatmap, one a row or a column: means, recall of a row, mass of a
// column. It zooms along with the map. For files that include qcustomplot.h.
#pragma once

#include <QObject>
#include <QString>
#include <vector>

#include "gui/plots/theme.h"

class QCPAxisRect;
class QCPAxis;
class QCPGraph;
class QCPMarginGroup;
class QCustomPlot;

namespace ditscope::gui {

struct StripData {
  QString title;
  std::vector<double> values = {};  // NaN: a gap; empty: no strip
  double lo = 0, hi = 1;
  QString loText = QStringLiteral("0"), hiText = QStringLiteral("1");
};

class EdgeStrip : public QObject {
  Q_OBJECT
 public:
  enum class Edge { Right, Top };
  EdgeStrip(QCustomPlot* plot, QCPAxisRect* map, Edge edge);

  void setData(const StripData& data);
  void applyColours(const PlotColours& colours);

 private:
  void collapse(bool collapsed);

  Edge m_edge;
  QCPAxisRect* m_rect;
  QCPAxis *m_along, *m_across;  // along the map's axis, and across it
  QCPGraph* m_graph;
};

}  // namespace ditscope::gui
