// SPDX-License-Identifier: Apache-2.0
#include "collector/compare/pareto_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "collector/compare/pareto_axis.h"

namespace ditscope::collector::compare {
namespace {

constexpr double kPanelWidth = 430, kPanelHeight = 400;
constexpr double kLeft = 70, kTop = 48, kBottom = 54, kGap = 76, kLegendMark = 42, kLegendRow = 20;
constexpr double kLetter = 6.8;  // mean width in the legend

constexpr std::array kColours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                 "#E69F00", "#56B4E9", "#000000", "#8C8C8C"};
constexpr std::array kDashes = {"", "6 3", "2 3"};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  }
  return out;
}

struct Style {
  const char* colour;
  const char* dash;
  size_t mark;
};
Style styleOf(size_t line) {
  return {kColours[line % kColours.size()], kDashes[line / kColours.size() % kDashes.size()],
          (line + line / kColours.size()) % 5};
}

std::string mark(const Style& style, double x, double y) {
  constexpr double r = 4;
  const std::string fill = fmt::format("fill=\"{}\" stroke=\"white\" stroke-width=\"0.8\"", style.colour);
  const auto polygon = [&](std::initializer_list<std::pair<double, double>> corners) {
    std::string points;
    for (const auto& [dx, dy] : corners) points += fmt::format("{:.1f},{:.1f} ", x + dx * r, y + dy * r);
    return fmt::format("<polygon points=\"{}\" {}/>\n", points, fill);
  };
  switch (style.mark) {
    case 0:
      return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" {}/>\n", x, y, r, fill);
    case 1:
      return polygon({{-1, -1}, {1, -1}, {1, 1}, {-1, 1}});
    case 2:
      return polygon({{0, -1.3}, {1.2, 0.9}, {-1.2, 0.9}});
    case 3:
      return polygon({{0, -1.4}, {1.4, 0}, {0, 1.4}, {-1.4, 0}});
    default:
      return polygon({{0, 1.3}, {1.2, -0.9}, {-1.2, -0.9}});
  }
}

std::string lineStroke(const Style& style) {
  return fmt::format("stroke=\"{}\" stroke-width=\"1.8\" fill=\"none\"{}", style.colour,
                     *style.dash == 0 ? "" : fmt::format(" stroke-dasharray=\"{}\"", style.dash));
}

std::vector<ParetoPoint> drawn(const ParetoLine& line, bool logarithmic) {
  std::vector<ParetoPoint> points;
  for (const ParetoPoint& p : line.points) {
    if (std::isfinite(p.value) && p.cost > 0 && (!logarithmic || p.value > 0)) points.push_back(p);
  }
  std::ranges::sort(points, {}, &ParetoPoint::cost);
  return points;
}

class PanelDrawing {
 public:
  PanelDrawing(const ParetoPanel& panel, double left) : m_panel(panel), m_left(left) {
    std::vector<double> costs, values;
    for (const ParetoLine& line : panel.lines) {
      for (const ParetoPoint& point : drawn(line, panel.logarithmic)) {
        costs.push_back(point.cost);
        values.push_back(point.value);
      }
    }
    m_x = axisOver(costs, true);
    m_y = axisOver(values, panel.logarithmic);
  }

  [[nodiscard]] std::string svg() const {
    std::string text = frame();
    for (size_t i = 0; i < m_panel.lines.size(); ++i) {
      const Style style = styleOf(i);
      std::string path, marks;
      for (const ParetoPoint& p : drawn(m_panel.lines[i], m_panel.logarithmic)) {
        path += fmt::format("{:.1f},{:.1f} ", x(p.cost), y(p.value));
        marks += mark(style, x(p.cost), y(p.value));
      }
      if (!path.empty())
        text += fmt::format("<polyline points=\"{}\" {}/>\n", path, lineStroke(style)) + marks;
    }
    return text;
  }

 private:
  [[nodiscard]] double x(double cost) const { return m_left + m_x.position(cost) * kPanelWidth; }
  [[nodiscard]] double y(double value) const { return kTop + (1 - m_y.position(value)) * kPanelHeight; }

  [[nodiscard]] std::string frame() const {
    std::string text;
    for (const double tick : m_x.ticks) {
      text += fmt::format(
          "<path d=\"M{0:.1f} {1}V{2}\" class=\"grid\"/><text x=\"{0:.1f}\" y=\"{3}\" "
          "text-anchor=\"middle\">{4:.3g}</text>\n",
          x(tick), kTop, kTop + kPanelHeight, kTop + kPanelHeight + 16, tick);
    }
    for (const double tick : m_y.ticks) {
      text += fmt::format(
          "<path d=\"M{0} {1:.1f}H{2}\" class=\"grid\"/><text x=\"{3}\" y=\"{4:.1f}\" "
          "text-anchor=\"end\">{5:.3g}</text>\n",
          m_left, y(tick), m_left + kPanelWidth, m_left - 6, y(tick) + 4, tick);
    }
    text += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"frame\"/>\n", m_left,
                        kTop, kPanelWidth, kPanelHeight);
    text += fmt::format(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">attention work of the whole run / dense"
        "</text>\n",
        m_left + kPanelWidth / 2, kTop + kPanelHeight + 38);
    text += fmt::format("<text transform=\"translate({} {}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
                        m_left - 48, kTop + kPanelHeight / 2, escaped(m_panel.title));
    return text;
  }

  const ParetoPanel& m_panel;
  double m_left;
  Axis m_x, m_y;
};

double legendWidth(const std::vector<ParetoPanel>& panels) {
  size_t letters = 20;
  for (const ParetoPanel& panel : panels) {
    for (const ParetoLine& line : panel.lines) letters = std::max(letters, line.name.size());
  }
  return kLegendMark + kLetter * double(letters);
}

std::string legend(const std::vector<ParetoLine>& lines, double left) {
  std::string text;
  for (size_t i = 0; i < lines.size(); ++i) {
    const double y = kTop + 8 + double(i) * kLegendRow;
    const Style style = styleOf(i);
    text += fmt::format("<path d=\"M{} {}h34\" {}/>\n{}<text x=\"{}\" y=\"{}\">{}</text>\n", left, y,
                        lineStroke(style), mark(style, left + 17, y), left + kLegendMark, y + 4,
                        escaped(lines[i].name));
  }
  return text;
}

}  // namespace

std::vector<ParetoPanel> paretoPanels(const Results& results) {
  std::vector<ParetoPanel> panels = {{"error of the heads (relative L1)", true, {}},
                                     {"PSNR of the sample against the dense one, dB", false, {}}};
  const std::array values = {&RunMetrics::error, &RunMetrics::psnr};
  for (const Cell& cell : results.cells) {
    if (cell.runs.empty()) continue;
    const double cost = spreadOf(cell.runs, &RunMetrics::runFlops).mean;
    for (size_t i = 0; i < panels.size(); ++i) {
      std::vector<ParetoLine>& lines = panels[i].lines;
      auto line = std::ranges::find(lines, cell.variant, &ParetoLine::name);
      if (line == lines.end()) line = lines.insert(lines.end(), {cell.variant, {}});
      line->points.push_back({cost, spreadOf(cell.runs, values[i]).mean});
    }
  }
  return panels;
}

std::string paretoSvg(const std::string& title, const std::vector<ParetoPanel>& panels) {
  const double legendLeft = kLeft + double(panels.size()) * (kPanelWidth + kGap) - kGap + 24;
  const double legendHeight =
      panels.empty() ? 0 : kTop + 20 + kLegendRow * double(panels.front().lines.size());
  const double height = std::max(kTop + kPanelHeight + kBottom, legendHeight);
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
      "<style>.grid{{stroke:#ddd;fill:none}}.frame{{stroke:#555;fill:none}}</style>\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n"
      "<text x=\"{2}\" y=\"26\" font-size=\"15\">{3}</text>\n",
      legendLeft + legendWidth(panels), height, kLeft, escaped(title));
  double left = kLeft;
  for (const ParetoPanel& panel : panels) {
    text += PanelDrawing(panel, left).svg();
    left += kPanelWidth + kGap;
  }
  if (!panels.empty()) text += legend(panels.front().lines, legendLeft);
  return text + "</svg>\n";
}

}  // namespace ditscope::collector::compare
