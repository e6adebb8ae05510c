// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/export/html_text.h"
#include "analyzer/format.h"
#include "analyzer/guard/verdict.h"
#include "analyzer/history/report_history.h"

namespace ditscope::analyzer {
namespace {

constexpr double kChartWidth = 900, kChartHeight = 190;  // of a chart, with its title
constexpr double kChartLeft = 80, kChartRight = 20, kChartTop = 34, kChartBottom = 26;
constexpr size_t kNameBytes = 120;
constexpr const char* kInk = "#0072B2";
constexpr const char* kSlower = "#D55E00";
constexpr const char* kFaster = "#009E73";
constexpr const char* kQuiet = "#8C8C8C";

std::string titleOf(const SeriesHistory& series) {
  std::string name = series.series.description;
  if (name.size() > kNameBytes) {
    size_t end = kNameBytes;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80U)
      --end;  // not inside a character
    name = name.substr(0, end) + "...";
  }
  return fmt::format("{}  {}, on {}", series.series.id, name, series.series.device);
}

class Chart {
 public:
  Chart(const SeriesHistory& series, double top) : m_series(series), m_top(top) {
    double least = INFINITY, most = -INFINITY;
    for (const db::HistoryPoint& point : series.points) {
      least = std::min(least, std::log(point.q1Ns));
      most = std::max(most, std::log(point.q3Ns));
    }
    const double middle = (least + most) / 2,
                 half = std::max({(most - least) / 2, series.floor, 1e-9}) * 1.08;
    m_low = middle - half;
    m_high = middle + half;
  }

  [[nodiscard]] std::string draw() const {
    std::string svg = fmt::format("<text x=\"{}\" y=\"{:.0f}\" font-size=\"13\">{}</text>\n", kChartLeft,
                                  m_top + 18, htmlText(titleOf(m_series)));
    return svg + axis() + quartiles() + levels() + changes() + medians();
  }

 private:
  [[nodiscard]] double x(double point) const {
    const double last = std::max<double>(1, double(m_series.points.size()) - 1);
    return kChartLeft + point / last * (kChartWidth - kChartLeft - kChartRight);
  }
  [[nodiscard]] double y(double log) const {
    return m_top + kChartTop + (m_high - log) / (m_high - m_low) * (kChartHeight - kChartTop - kChartBottom);
  }

  [[nodiscard]] std::string axis() const {
    std::string svg;
    for (const double share : {0.05, 0.5, 0.95}) {
      const double log = m_low + share * (m_high - m_low);
      svg += fmt::format(
          "<line x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\" stroke=\"#dddddd\"/>\n"
          "<text x=\"{}\" y=\"{:.1f}\" font-size=\"11\" text-anchor=\"end\">{}</text>\n",
          kChartLeft, y(log), kChartWidth - kChartRight, y(log), kChartLeft - 6, y(log) + 4,
          formatDuration(std::exp(log)));
    }
    return svg;
  }
  [[nodiscard]] std::string quartiles() const {
    std::string corners;
    const auto& points = m_series.points;
    for (size_t i = 0; i < points.size(); ++i)
      corners += fmt::format("{:.1f},{:.1f} ", x(double(i)), y(std::log(points[i].q3Ns)));
    for (size_t i = points.size(); i-- > 0;)
      corners += fmt::format("{:.1f},{:.1f} ", x(double(i)), y(std::log(points[i].q1Ns)));
    return fmt::format("<polygon points=\"{}\" fill=\"{}\" fill-opacity=\"0.15\"/>\n", corners, kInk);
  }
  [[nodiscard]] std::string levels() const {
    std::string svg;
    for (const HistoryChange& change : m_series.changes) {
      const auto next = std::ranges::find_if(m_series.changes, [&](const HistoryChange& other) {
        return other.point.index > change.point.index;
      });
      const double end = next == m_series.changes.end() ? double(m_series.points.size()) - 1
                                                        : double(next->point.index) - 0.5;
      svg += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>\n",
                         x(double(change.point.index) - 0.5), y(change.point.after), x(end),
                         y(change.point.after), kQuiet);
    }
    return svg;
  }
  [[nodiscard]] std::string changes() const {
    std::string svg;
    for (const HistoryChange& change : m_series.changes) {
      const bool open = change.state == ChangeState::Open;
      const char* colour = !open ? kQuiet : change.isSlower() ? kSlower : kFaster;
      const double at = x(double(change.point.index) - 0.5);
      const std::string state = open ? "" : " " + std::string(nameOf(change.state));
      svg += fmt::format(
          "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" stroke-dasharray=\"4 "
          "3\"/>\n"
          "<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"11\" fill=\"{}\">{}{}</text>\n",
          at, m_top + kChartTop, at, m_top + kChartHeight - kChartBottom, colour, at + 4,
          m_top + kChartHeight - kChartBottom + 14, colour, formatShift(change.point.change()), state);
    }
    return svg;
  }
  [[nodiscard]] std::string medians() const {
    std::string svg;
    for (size_t i = 0; i < m_series.points.size(); ++i)
      svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\" fill=\"{}\"/>\n", x(double(i)),
                         y(std::log(m_series.points[i].medianNs)), kInk);
    return svg;
  }

  const SeriesHistory& m_series;
  double m_top;
  double m_low = 0, m_high = 1;  // logarithms of ns
};

}  // namespace

std::string historySvg(const History& history, size_t most) {
  const size_t charts = std::min(most, history.series.size());
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1:.0f}\" viewBox=\"0 0 {0} "
      "{1:.0f}\" "
      "font-family=\"sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      kChartWidth, std::max(1.0, kChartHeight * double(charts)));
  for (size_t i = 0; i < charts; ++i) svg += Chart(history.series[i], kChartHeight * double(i)).draw();
  return svg + "</svg>\n";
}

}  // namespace ditscope::analyzer
