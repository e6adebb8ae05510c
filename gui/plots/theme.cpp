// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/plots/theme.h"

#include <qcustomplot.h>

#include "gui/plots/colour_map.h"

namespace ditscope::gui {
namespace {

QPalette makePalette(QRgb window, QRgb base, QRgb button, QRgb text, QRgb faint, QRgb highlight) {
  QPalette palette{QColor(button), QColor(window)};
  palette.setColor(QPalette::Base, base);
  palette.setColor(QPalette::AlternateBase, mix(base, window, 0.6));
  palette.setColor(QPalette::ToolTipBase, base);
  palette.setColor(QPalette::ToolTipText, text);
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
    palette.setColor(role, text);
    palette.setColor(QPalette::Disabled, role, faint);
  }
  palette.setColor(QPalette::PlaceholderText, faint);
  palette.setColor(QPalette::Highlight, highlight);
  palette.setColor(QPalette::HighlightedText, Qt::white);
  palette.setColor(QPalette::Link, highlight);
  return palette;
}

}  // namespace

QPalette lightPalette() {
  return makePalette(0xfff3f4f6, 0xffffffff, 0xfff3f4f6, 0xff1f2328, 0xff848b95, 0xff1f6fc4);
}

QPalette darkPalette() {
  return makePalette(0xff23262b, 0xff1a1c20, 0xff2d3138, 0xffe3e6ea, 0xff7f8791, 0xff3b82d6);
}

PlotColours plotColours(const QPalette& palette) {
  const QColor base = palette.color(QPalette::Active, QPalette::Base);
  const QColor text = palette.color(QPalette::Active, QPalette::Text);
  PlotColours colours;
  colours.dark = base.lightness() < 128;
  colours.background = base;
  colours.text = text;
  colours.faintText = mix(base.rgb(), text.rgb(), 0.66);
  colours.frame = mix(base.rgb(), text.rgb(), 0.35);
  colours.grid = mix(base.rgb(), text.rgb(), 0.12);
  colours.accent = colours.dark ? 0xff6db3f2 : 0xff1668b8;
  colours.second = colours.dark ? 0xffe8a33d : 0xffb85c00;
  colours.third = colours.dark ? 0xff4fc3a1 : 0xff00795c;
  colours.fourth = colours.dark ? 0xffd191d6 : 0xff96508f;
  colours.good = colours.dark ? 0xff5cc48a : 0xff1a7f45;
  colours.warning = colours.dark ? 0xfff0b849 : 0xff9a6200;
  colours.bad = colours.dark ? 0xffff7b6b : 0xffb3261e;
  return colours;
}

QColor PlotColours::of(ColourRole role) const {
  switch (role) {
    case ColourRole::Accent:
      return accent;
    case ColourRole::Second:
      return second;
    case ColourRole::Third:
      return third;
    case ColourRole::Fourth:
      return fourth;
    case ColourRole::Text:
      return text;
    case ColourRole::Faint:
      return faintText;
    case ColourRole::Frame:
      return frame;
    case ColourRole::Good:
      return good;
    case ColourRole::Warning:
      return warning;
    case ColourRole::Bad:
      break;
  }
  return bad;
}

QBrush notMeasuredBrush(const PlotColours& colours) {
  constexpr int kPeriod = 7;
  QImage tile(kPeriod, kPeriod, QImage::Format_ARGB32_Premultiplied);
  tile.fill(mix(colours.background.rgb(), colours.text.rgb(), 0.06));
  const QRgb line = mix(colours.background.rgb(), colours.text.rgb(), 0.36);
  for (int i = 0; i < kPeriod; ++i) tile.setPixel(i, kPeriod - 1 - i, line);
  return QBrush(tile);
}

MaskColours maskColours(bool dark) {
  // In order of BlockClass: dropped light, kept light, kept heavy, dropped heavy.
  if (dark)
    return {{{{0xff1d2024, 0xff34383f},
              {0xff24486b, 0xff2f5d88},
              {0xff5aa9ea, 0xffc4e4ff},
              {0xffc9480f, 0xffff7a33}}},
            0xffc98bdc};
  return {{{{0xfff8f8f6, 0xffdedcd6},
            {0xffc9e0f3, 0xffa8cbe8},
            {0xff2f7dc0, 0xff08305f},
            {0xfff08a4b, 0xffc63d0a}}},
          0xff8a4aa0};
}

PairColours pairColours(bool dark) {
  if (dark) return {0xff1d2024, 0xff3f8fd8, 0xffe08a2e, 0xff8a929c};
  return {0xfff8f8f6, 0xff1f6fb4, 0xffd9701a, 0xffb4bac2};
}

void applyTheme(QCPAxis& axis, const PlotColours& colours) {
  const QFont font = axis.parentPlot()->font();
  axis.setBasePen(QPen(colours.frame));
  axis.setTickPen(QPen(colours.frame));
  axis.setSubTickPen(QPen(colours.frame));
  axis.setTickLabelColor(colours.faintText);
  axis.setLabelColor(colours.text);
  axis.setTickLabelFont(font);
  axis.setLabelFont(font);
  axis.grid()->setPen(QPen(colours.grid));
  axis.grid()->setZeroLinePen(QPen(colours.grid));
}

void applyTheme(QCustomPlot& plot, const PlotColours& colours) {
  plot.setBackground(QBrush(colours.background));
  for (QCPAxisRect* rect : plot.axisRects())
    for (QCPAxis* axis : rect->axes()) applyTheme(*axis, colours);
}

}  // namespace ditscope::gui
