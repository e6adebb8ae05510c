// SPDX-License-Identifier: Apache-2.0
// Sliding Tile Attention (arXiv 2502.04507). The video is cut into 3-D tiles of one kernel block each
// (sta_tiles.h), and a tile attends the tiles of a window around it, so that no block is attended in part.
// The window is given, or follows from a density, or is searched for each head: at the last dense step the
// output under each candidate is compared with the full one. A table of FastVideo can be read instead.
// An image is a video of one frame. Where no tile of a block's size divides the grid, smaller ones do, and
// blocks at the rim of a window are attended in part.
#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "collector/attention_kernel.h"
#include "collector/methods/dense_schedule.h"
#include "collector/methods/head_selection.h"
#include "collector/methods/sta_strategy.h"
#include "db/error.h"

namespace ditscope::collector {
namespace {

struct HeadWindow {
  Triple window{};
  float error = db::kNotMeasured;  // relative L2 distance of the output at the search
};

class Sta final : public Method {
 public:
  Sta(const Parameters& p, const SamplingPlan& plan)
      : m_tile(p.word("tile")),
        m_density(p.number("density")),
        m_error(p.number("error")),
        m_search(p.word("search") == "on"),
        m_schedule(p, plan) {
    if (p.word("window") != "auto") m_window = parseTriple("window", p.word("window"));
    if (p.word("strategy") != "none") m_strategy.emplace(p.word("strategy"), plan);
    if (int(m_search) + int(m_window.has_value()) + int(m_strategy.has_value()) > 1) {
      throw db::Error(db::Error::Kind::BadInput, "method sta",
                      "search=on, window and strategy exclude one another", "give one of them");
    }
  }

  Plan plan(const MethodCall& call) override {
    const bool found = !m_search || m_found(call).step >= 0;
    if (m_schedule.isDense(call)) {
      return {.kind = m_search && !found && m_schedule.isLastDense(call) ? "search" : "dense"};
    }
    if (!found) return {.kind = "search"};  // no dense step came before
    prepare(call);
    return planOf(call, windowsOf(call));
  }

  void observe(const MethodCall& call, MethodResult& result) override {
    if (!m_search || m_found(call).step >= 0) return;
    if (m_schedule.isDense(call) && !m_schedule.isLastDense(call)) return;
    prepare(call);
    m_found(call) = {search(call, result.out), call.step};
  }

 private:
  struct Found {
    std::vector<HeadWindow> heads = {};
    int step = -1;
  };

  void prepare(const MethodCall& call) {
    if (m_video && m_video->all() == call.queries() && m_block == call.block) return;
    m_video.emplace(call);
    m_video->requireGrid(call, "sta");
    m_block = call.block;
    m_tiles = StaTiles::choose(call.grid, call.block, m_tile);
    m_order = m_video->withText(m_tiles.order());
    m_lists.clear();
  }

  const std::shared_ptr<const kernels::BlockListStorage>& listsOf(const Triple& window) {
    auto& lists = m_lists[window];
    if (lists == nullptr) lists = m_tiles.lists(window, *m_video, m_block);
    return lists;
  }

  std::vector<HeadWindow> windowsOf(const MethodCall& call) {
    if (m_search) return m_found(call).heads;
    const Triple window = m_window ? *m_window : m_tiles.smallestWindow(m_density);
    std::vector<HeadWindow> heads(size_t(call.heads()), HeadWindow{window});
    for (int64_t h = 0; m_strategy && h < call.heads(); ++h) {
      const Triple* given = m_strategy->window(call.step, call.layer, h);
      heads[size_t(h)].window = given != nullptr ? *given : m_tiles.counts();
    }
    return heads;
  }

  Plan planOf(const MethodCall& call, const std::vector<HeadWindow>& heads) {
    Plan plan{.kind = "sparse"};
    std::vector<const kernels::BlockListStorage*> lists;
    for (const HeadWindow& head : heads) {
      lists.push_back(listsOf(head.window).get());
      plan.decisions.push_back({.choice = nameOf(head.window),
                                .budget = float(m_tiles.density(head.window)),
                                .threshold = head.error,
                                .sourceStep = m_search ? m_found(call).step : -1});
    }
    const bool oneForAll = std::ranges::all_of(lists, [&lists](auto* list) { return list == lists.front(); });
    plan.launches.front().lists =
        oneForAll ? listsOf(heads.front().window)
                  : std::make_shared<const kernels::BlockListStorage>(kernels::joinHeads(lists));
    plan.launches.front().order = {db::TokenOrder::TileMajor, m_order, m_order};
    return plan;
  }

  // Windows no denser than the density asks for. Without a bound on the error only those that no other one
  // contains are worth a try: they cost about the same and trade the axes off.
  [[nodiscard]] std::vector<Triple> candidates() const {
    const int64_t most = m_tiles.keptTiles(m_tiles.smallestWindow(m_density));
    std::vector<Triple> all = m_tiles.windows();
    std::erase_if(all, [&](const Triple& window) { return m_tiles.keptTiles(window) > most; });
    if (m_error > 0) return all;
    const std::vector<Triple> allowed = all;
    std::erase_if(all, [&allowed](const Triple& window) {
      return std::ranges::any_of(allowed, [&window](const Triple& other) {
        return other != window && other[0] >= window[0] && other[1] >= window[1] && other[2] >= window[2];
      });
    });
    return all;
  }

  // For each head the sparsest candidate within the error, else the one of the smallest error.
  std::vector<HeadWindow> search(const MethodCall& call, const at::Tensor& full) {
    std::vector<HeadWindow> best(size_t(call.heads()),
                                 HeadWindow{{}, std::numeric_limits<float>::infinity()});
    std::vector<int64_t> open(best.size());  // heads without a window within the error
    for (size_t h = 0; h < open.size(); ++h) open[h] = int64_t(h);
    const auto ordered = [this](const at::Tensor& x) { return x.index_select(1, m_order.to(x.device())); };
    const at::Tensor q = ordered(call.q), k = ordered(call.k), v = ordered(call.v);
    const at::Tensor reference = ordered(full).to(at::kFloat);
    for (const Triple& window : candidates()) {
      const at::Tensor index = indexOn(q.device(), open);
      const auto some = [&index](const at::Tensor& x) { return x.index_select(0, index); };
      const at::Tensor out = runAttention(some(q).unsqueeze(0), some(k).unsqueeze(0), some(v).unsqueeze(0),
                                          {.lists = listsOf(window), .block = call.block, .lse = false})
                                 .out[0];
      const at::Tensor expected = some(reference);
      const at::Tensor errors =
          (out.to(at::kFloat) - expected).norm(2, {1, 2}) / expected.norm(2, {1, 2}).clamp_min(1e-30);
      for (size_t i = 0; i < open.size(); ++i) {
        HeadWindow& head = best[size_t(open[i])];
        const float error = errors[int64_t(i)].item<float>();
        if (!(error >= head.error)) head = {window, error};
      }
      std::erase_if(open, [&](int64_t h) { return m_error > 0 && best[size_t(h)].error <= float(m_error); });
      if (open.empty()) break;
    }
    return best;
  }

  std::string m_tile;
  double m_density;
  double m_error;
  bool m_search;
  DenseSchedule m_schedule;
  std::optional<Triple> m_window;
  std::optional<StaStrategy> m_strategy;

  // Of the shape of the last call.
  std::optional<VideoTokens> m_video;
  int m_block = 0;
  StaTiles m_tiles = {};
  at::Tensor m_order;                                                          // token at each place
  std::map<Triple, std::shared_ptr<const kernels::BlockListStorage>> m_lists;  // by window

  PerBranch<Found> m_found;
};

}  // namespace

MethodInfo sta() {
  return {
      "sta",
      "the video in 3-D tiles, each attends the tiles of a window around it",
      "Sliding Tile Attention, arXiv 2502.04507",
      "tokens are copied into the order of the tiles; search=on: some windowed calls at the last dense step",
      Knob{"density", 0.02, 1, true},
      withSchedule({text("window", "auto", "FxRxC in tiles; auto = the smallest that keeps the density"),
                    number("density", "0.4", 0.0001, 1, "share of the tiles; for window=auto and search=on"),
                    text("tile", "auto", "FxRxC in tokens, as many as a block holds and dividing the grid"),
                    word("search", "off", {"off", "on"}, "a window for each head, from the last dense step"),
                    number("error", "0", 0, 10,
                           "search for the sparsest window within this relative L2 error of the output; 0 = "
                           "for the smallest error at the density"),
                    text("strategy", "none",
                         "JSON of FastVideo with a window for each step, layer and head; heads that it does "
                         "not name run dense")},
                   {.steps = 0.24}),
      [](const Parameters& p, const SamplingPlan& plan) { return std::make_unique<Sta>(p, plan); },
      /*onDevice=*/true};
}

}  // namespace ditscope::collector
