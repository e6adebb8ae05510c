// SPDX-License-Identifier: Apache-2.0
#include "analyzer/export/svg_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <vector>

#include "analyzer/export/html_text.h"
#include "analyzer/export/tick_text.h"
#include "analyzer/format.h"

namespace ditscope::analyzer {
namespace {

constexpr double kStepsLeft = 62, kStepsTop = 8, kStepsWidth = 400, kStepsHeight = 196, kStepsBottom = 38,
                 kStepsRight = 12;

struct Axes {
  double first, last;  // steps at the left and right ends
  double top;          // value at the upper end; the lower one is 0
  [[nodiscard]] double x(double step) const {
    return kStepsLeft + kStepsWidth * (last > first ? (step - first) / (last - first) : 0.5);
  }
  [[nodiscard]] double y(double value) const { return kStepsTop + kStepsHeight * (1 - value / top); }
};

// The next of 1, 2, 5 times a power of ten.
double roundUp(double value) {
  if (!(value > 0)) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (value <= factor * power) return factor * power;
  return 10 * power;
}

std::string frame(const Axes& axes, std::span<const int32_t> steps, Quantity quantity) {
  std::string svg;
  for (int i = 0; i <= 2; ++i) {
    const double value = axes.top * i / 2;
    svg += fmt::format(
        R"(<path class="g" d="M{:.1f} {:.1f}h{:.1f}"/><text class="r" x="{:.1f}" y="{:.1f}">{}</text>)",
        kStepsLeft, axes.y(value), kStepsWidth, kStepsLeft - 6, axes.y(value) + 3.5,
        htmlText(tickText(quantity, value)));
  }
  const size_t every = std::max<size_t>(1, (steps.size() + 9) / 10);
  for (size_t i = 0; i < steps.size(); i += every)
    svg += fmt::format(R"(<text class="m" x="{:.1f}" y="{:.1f}">{}</text>)", axes.x(steps[i]),
                       kStepsTop + kStepsHeight + 15, steps[i]);
  return svg + fmt::format(R"(<text class="m t" x="{:.1f}" y="{:.1f}">step</text>)",
                           kStepsLeft + kStepsWidth / 2, kStepsTop + kStepsHeight + 32);
}

std::string figure(const std::string& title, const std::string& body, const std::string& caption) {
  return fmt::format(
      R"(<figure><h3>{0}</h3><svg class="map" viewBox="0 0 {1:.0f} {2:.0f}" width="{1:.0f}" )"
      R"(height="{2:.0f}" role="img" aria-label="{0}">{3}</svg><figcaption>{4}</figcaption></figure>)"
      "\n",
      htmlText(title), kStepsLeft + kStepsWidth + kStepsRight, kStepsTop + kStepsHeight + kStepsBottom, body,
      caption);
}

}  // namespace

std::string spreadFigure(const HeadTable& table, Quantity quantity, const std::string& title) {
  std::map<int32_t, std::vector<double>> values;  // by step
  for (size_t i = 0; i < table.size(); ++i)
    if (const double value = table.column(quantity)[i]; std::isfinite(value))
      values[table.step[i]].push_back(value);
  if (values.size() < 2) return {};
  struct Point {
    int32_t step;
    double low, middle, high;
  };
  std::vector<Point> points;
  std::vector<int32_t> steps;
  double top = 0;
  for (const auto& [step, v] : values) {
    points.push_back({step, quantile(v, 0.1), quantile(v, 0.5), quantile(v, 0.9)});
    steps.push_back(step);
    top = std::max(top, points.back().high);
  }
  const Axes axes{double(steps.front()), double(steps.back()), roundUp(top)};
  std::string line, band, back, dots;
  for (const Point& p : points) {
    const char* const move = line.empty() ? "M" : "L";
    line += fmt::format("{}{:.1f} {:.1f}", move, axes.x(p.step), axes.y(p.middle));
    band += fmt::format("{}{:.1f} {:.1f}", move, axes.x(p.step), axes.y(p.high));
    back = fmt::format("L{:.1f} {:.1f}", axes.x(p.step), axes.y(p.low)) + back;
    dots +=
        fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="3">)"
                    "<title>step {}: median {}, 10 % to 90 % {} to {}</title></circle>",
                    axes.x(p.step), axes.y(p.middle), p.step, htmlText(formatQuantity(quantity, p.middle)),
                    htmlText(formatQuantity(quantity, p.low)), htmlText(formatQuantity(quantity, p.high)));
  }
  return figure(
      title,
      frame(axes, steps, quantity) +
          fmt::format(R"(<path class="band" d="{}{}Z"/><path class="line" d="{}"/><g class="dots">{}</g>)",
                      band, back, line, dots),
      fmt::format("{}: median over heads, and the band from 10 % to 90 % of them",
                  htmlText(quantityNote(quantity))));
}

std::string stepTimesFigure(std::span<const db::Step> steps, std::span<const db::AttnCall> calls) {
  struct Parts {
    double attention = 0, search = 0, record = 0, other = 0;
  };
  std::map<int32_t, Parts> parts;
  for (const db::Step& step : steps) parts[step.index].other = double(step.endNs - step.startNs);
  for (const db::AttnCall& call : calls) {
    const auto found = parts.find(call.step);
    if (found == parts.end()) continue;
    Parts& p = found->second;
    p.attention += double(call.kernelNs);
    p.search += double(call.searchNs);
    p.record += double(call.recordNs);
  }
  if (parts.size() < 2) return {};
  std::vector<int32_t> numbers;
  double top = 0;
  for (auto& [step, p] : parts) {
    numbers.push_back(step);
    top = std::max(top, p.other);
    p.other = std::max(0.0, p.other - p.attention - p.search - p.record);  // calls of an import may overlap
  }
  const double bar = 0.7 * kStepsWidth / double(parts.size());
  Axes axes{double(numbers.front()) - 0.5, double(numbers.back()) + 0.5, top};
  std::string bars;
  for (const auto& [step, p] : parts) {
    double below = 0;
    const std::array<std::pair<const char*, double>, 4> stack = {
        {{"attention", p.attention}, {"search", p.search}, {"other", p.other}, {"record", p.record}}};
    for (const auto& [name, ns] : stack) {
      if (ns <= 0) continue;
      bars += fmt::format(R"(<rect class="p-{}" x="{:.1f}" y="{:.2f}" width="{:.1f}" height="{:.2f}">)"
                          "<title>step {}, {}: {}</title></rect>",
                          name, axes.x(step) - bar / 2, axes.y(below + ns), bar, kStepsHeight * ns / top,
                          step, name, formatDuration(ns));
      below += ns;
    }
  }
  return figure("Where the time of a step goes", frame(axes, numbers, Quantity::Time) + bars,
                R"(<span class="entry"><i class="key p-attention"></i>attention kernels</span> )"
                R"(<span class="entry"><i class="key p-search"></i>mask search</span> )"
                R"(<span class="entry"><i class="key p-other"></i>rest of the model</span> )"
                R"(<span class="entry"><i class="key p-record"></i>recording, on top</span>)");
}

}  // namespace ditscope::analyzer
