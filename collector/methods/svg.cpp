// SPDX-License-Identifier: Apache-2.0
// Sparse VideoGen (arXiv 2502.01776, sections 3 and 4). A head is spatial (it attends within near frames) or
// temporal (the same pixels in all frames), which a few query rows tell in every call: their output under
// each of the two masks is compared with the full one. Tokens of temporal heads are put into pixel-major
// order, so that both masks are the same band (svg_band.h) and the kernel works on whole blocks. Other than
// the paper's code: rows are drawn from the whole video and not from its first 10,000 tokens, they are judged
// under the very masks that run and not under bands of 1.5 or 2 frames, and the sink is the first frame of
// spatial heads alone. In pixel-major order that frame has a token in every block, and the band of a temporal
// head reaches its near pixels as it does those of all frames.
#include <ATen/ATen.h>

#include <cmath>
#include <random>

#include "collector/methods/dense_schedule.h"
#include "collector/methods/svg_band.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

enum Kind : size_t { Spatial, Temporal };

// One of the two ways to attend: the token that stands at each place, and the band over places.
struct Layout {
  SvgBand band;
  at::Tensor order;   // [N] token at each place; undefined = as the model has them
  at::Tensor places;  // [N] place of each token; likewise
  std::shared_ptr<const kernels::BlockListStorage> lists;

  [[nodiscard]] double blockDensity() const {
    const auto rows = double(lists->rowStart.size() - 1);
    return double(lists->entry.size()) / (rows * rows);
  }
};

class Svg final : public Method {
 public:
  Svg(const Parameters& p, const SamplingPlan& plan)
      : m_density(p.number("density")),
        m_rows(p.integer("rows")),
        m_seed(uint64_t(p.integer("seed"))),
        m_wholeBlocks(p.word("granularity") == "block"),
        m_sink(p.word("sink")),
        m_schedule(p, plan) {}

  Plan plan(const MethodCall& call) override {
    if (call.grid.frames <= 1) {
      throw db::Error(db::Error::Kind::BadInput, "method svg",
                      "the model has one frame, so no temporal heads",
                      "choose a method for images, such as window, topk or svg2");
    }
    if (m_schedule.isDense(call)) return {};
    const VideoTokens video(call);
    if (m_layouts.empty() || m_layouts[Spatial].lists->qBlock != call.block ||
        m_layouts[Spatial].band.video.all() != video.all()) {
      prepare(call, video);
    }
    return planOf(call, errors(call, video));
  }

 private:
  void prepare(const MethodCall& call, const VideoTokens& video) {
    video.requireGrid(call, "svg");
    const int64_t pixels = int64_t{call.grid.rows} * call.grid.cols;
    SvgBand band = SvgBand::ofDensity(video, m_density, m_wholeBlocks ? call.block : 1);
    const at::Tensor pixelMajor = video.withText(
        at::arange(video.count(), at::kLong).view({call.grid.frames, pixels}).t().reshape({video.count()}));
    Layout temporal{band, pixelMajor, at::argsort(pixelMajor), listsOf(band, call)};
    if (m_sink == "on" || (m_sink == "auto" && video.text() == 0)) band.sinkKeys = pixels;
    m_layouts = {{band, {}, {}, listsOf(band, call)}, std::move(temporal)};
  }

  static std::shared_ptr<const kernels::BlockListStorage> listsOf(const SvgBand& band,
                                                                  const MethodCall& call) {
    const auto keysOf = [&band](int64_t place, std::vector<kernels::KeyInterval>& intervals) {
      band.addKeys(place, intervals);
    };
    return std::make_shared<kernels::BlockListStorage>(
        kernels::listFromIntervals(call.queries(), call.keys(), call.block, call.block, keysOf));
  }

  // [rows, N] bool: the tokens that each of the rows attends in the layout.
  static at::Tensor maskOf(const Layout& layout, const at::Tensor& rows) {
    const int64_t tokens = layout.band.video.all();
    at::Tensor mask = at::zeros({rows.size(0), tokens}, at::kBool);
    const at::Tensor places = layout.places.defined() ? layout.places.index_select(0, rows) : rows;
    std::vector<kernels::KeyInterval> intervals;
    for (int64_t r = 0; r < rows.size(0); ++r) {
      intervals.clear();
      layout.band.addKeys(places.data_ptr<int64_t>()[r], intervals);
      for (const auto& [begin, end] : intervals) {
        const int64_t first = std::max<int64_t>(begin, 0), last = std::min(end, tokens);
        if (first < last) std::fill_n(mask.data_ptr<bool>() + r * tokens + first, last - first, true);
      }
    }
    return layout.places.defined() ? mask.index_select(1, layout.places) : mask;
  }

  // Other rows in every call, the same ones in every run.
  [[nodiscard]] at::Tensor sampleRows(const MethodCall& call, const VideoTokens& video) const {
    std::seed_seq seed{m_seed, uint64_t(call.step), uint64_t(call.layer), uint64_t(call.branch)};
    std::mt19937_64 random(seed);
    at::Tensor rows = at::empty({m_rows}, at::kLong);
    for (int64_t r = 0; r < m_rows; ++r) {
      rows.data_ptr<int64_t>()[r] = video.begin() + int64_t(random() % uint64_t(video.count()));
    }
    return rows;
  }

  // [2, H]: mean squared error of the sampled rows' outputs under the spatial and the temporal mask.
  [[nodiscard]] at::Tensor errors(const MethodCall& call, const VideoTokens& video) const {
    const at::Tensor rows = sampleRows(call, video);
    const at::Tensor q = call.q.index_select(1, rows).to(at::kFloat), v = call.v.to(at::kFloat);
    const at::Tensor scores =
        at::matmul(q, call.k.to(at::kFloat).transpose(1, 2)) / std::sqrt(double(q.size(2)));
    const at::Tensor full = at::matmul(scores.softmax(-1), v);
    std::vector<at::Tensor> errors;
    for (const Layout& layout : m_layouts) {
      const at::Tensor kept = scores.masked_fill(maskOf(layout, rows).logical_not(), -INFINITY);
      errors.push_back((at::matmul(kept.softmax(-1), v) - full).square().mean({1, 2}));
    }
    return at::stack(errors);
  }

  [[nodiscard]] Plan planOf(const MethodCall& call, const at::Tensor& errors) const {
    Plan plan{.kind = "sparse", .launches = {}};
    std::vector<int64_t> heads[2];
    for (int64_t h = 0; h < call.heads(); ++h) {
      const float error[2] = {errors[Spatial][h].item<float>(), errors[Temporal][h].item<float>()};
      const Kind kind = error[Temporal] < error[Spatial] ? Temporal : Spatial;
      heads[kind].push_back(h);
      const float other = error[1 - kind];
      plan.decisions.push_back({.choice = kind == Spatial ? "spatial" : "temporal",
                                .budget = float(m_layouts[kind].blockDensity()),
                                .threshold = other > 0 ? error[kind] / other : 1});
    }
    for (const Kind kind : {Spatial, Temporal}) {
      if (heads[kind].empty()) continue;
      const Layout& layout = m_layouts[kind];
      Launch launch{.heads = heads[kind], .lists = layout.lists};
      if (kind == Temporal) launch.order = {db::TokenOrder::PixelMajor, layout.order, layout.order};
      plan.launches.push_back(std::move(launch));
    }
    return plan;
  }

  double m_density;
  int64_t m_rows;
  uint64_t m_seed;
  bool m_wholeBlocks;
  std::string m_sink;
  DenseSchedule m_schedule;
  std::vector<Layout> m_layouts;  // spatial, temporal
};

}  // namespace

MethodInfo svg() {
  return {"svg",
          "heads are spatial or temporal, as sampled rows tell; near frames, or near pixels in all frames",
          "Sparse VideoGen, arXiv 2502.01776",
          "attention of the sampled rows, three times a call; temporal heads are copied into another order",
          Knob{"density", 0.02, 1, true},
          withSchedule({number("density", "0.3", 0.001, 1,
                               "share of the pairs that the band and the text hold; the sink comes on top"),
                        integer("rows", "64", 1, 100000, "query rows that tell the kind of a head"),
                        integer("seed", "0", 0, 1e9, "of the choice of rows"),
                        word("granularity", "block", {"block", "token"},
                             "the band in whole blocks, or to the token with blocks attended in part"),
                        word("sink", "auto", {"auto", "on", "off"},
                             "spatial heads attend the first frame too; auto = where there is no text")},
                       {.steps = 0.2, .layers = 0.03}),
          [](const Parameters& p, const SamplingPlan& plan) { return std::make_unique<Svg>(p, plan); }};
}

}  // namespace ditscope::collector
