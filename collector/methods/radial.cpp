// SPDX-License-Identifier: Apache-2.0
// Radial attention (arXiv 2506.19852): a static mask whose size grows as N log N. The farther two frames lie
// apart, the narrower the band of near places that their tokens attend, and from a distance on only some
// pairs of frames are attended at all. The token mask is rounded to blocks, once for each shape.
// An image's rows stand for frames. Where a frame is smaller than a block, the frame takes the place of the
// block as the narrowest band; frames that are next to one another always attend each other, as the paper
// has it (its code drops them when a frame is smaller than a block).
#include <algorithm>
#include <bit>
#include <cmath>

#include "collector/methods/block_choice.h"
#include "collector/methods/dense_schedule.h"
#include "collector/methods/video_tokens.h"

namespace ditscope::collector {
namespace {

// Which tokens attend each other, by frame and place in the frame.
class RadialMask {
 public:
  RadialMask(const MethodCall& call, double decay, bool sink, bool halfNeighbours)
      : m_video(call), m_sink(sink) {
    const db::TokenGrid& grid = call.grid;
    m_video.requireGrid(call, "radial");
    m_frames = grid.frames > 1 ? grid.frames : grid.rows;
    m_places = grid.count() / m_frames;
    const double least = double(std::min<int64_t>(call.block, m_places));
    for (int64_t distance = 0; distance < m_frames; ++distance) {
      m_widths.push_back(widthOf(distance, least, decay, halfNeighbours));
    }
  }

  [[nodiscard]] const VideoTokens& video() const { return m_video; }

  // How many of the query tokens [begin, end) attend the key token; all of the video.
  [[nodiscard]] int64_t attending(int64_t begin, int64_t end, int64_t key) const {
    const int64_t keyFrame = (key - m_video.begin()) / m_places;
    const int64_t keyPlace = (key - m_video.begin()) % m_places;
    int64_t count = 0;
    for (int64_t from = begin - m_video.begin(); from < end - m_video.begin();) {
      const int64_t frame = from / m_places;
      const int64_t first = from % m_places;  // places of this frame that the tokens hold
      const int64_t last = std::min(m_places, first + end - m_video.begin() - from) - 1;
      const int64_t width = m_sink && keyFrame == 0 ? m_places : m_widths[size_t(std::abs(frame - keyFrame))];
      count += std::max<int64_t>(std::min(last, keyPlace + width) - std::max(first, keyPlace - width) + 1, 0);
      from += last - first + 1;
    }
    return count;
  }

 private:
  // Tokens attend |row place - key place| <= width; a negative width attends nothing.
  [[nodiscard]] int64_t widthOf(int64_t distance, double least, double decay, bool halfNeighbours) const {
    if (distance == 0) return m_places;
    if (distance == 1) return halfNeighbours ? m_places / 2 : m_places;
    const double places = double(std::bit_floor(uint64_t(m_places)) * 2);  // 2^bit length
    const double halved = places / double(std::bit_floor(uint64_t(distance)) * 2);
    if (halved < least && distance % int64_t(least / halved) != 0) return kNothing;
    return int64_t(std::max(halved * decay, least));
  }

  static constexpr int64_t kNothing = INT32_MIN;
  VideoTokens m_video;
  bool m_sink;
  int64_t m_frames = 0;
  int64_t m_places = 0;           // tokens of a frame
  std::vector<int64_t> m_widths;  // by the distance of the frames
};

class Radial final : public Method {
 public:
  Radial(const Parameters& p, const SamplingPlan& plan)
      : m_decay(p.number("decay")),
        m_sink(p.word("sink")),
        m_neighbours(p.word("neighbours")),
        m_schedule(p, plan) {}

  Plan plan(const MethodCall& call) override {
    if (m_schedule.isDense(call)) return {};
    if (m_lists == nullptr || m_tokens != call.queries() || m_lists->qBlock != call.block) {
      m_tokens = call.queries();
      m_lists = choose(call);
    }
    return sparsePlan(m_lists, {{.choice = "radial", .budget = m_blockDensity, .threshold = float(m_decay)}});
  }

 private:
  [[nodiscard]] std::shared_ptr<const kernels::BlockListStorage> choose(const MethodCall& call) {
    const bool videoAlone = VideoTokens(call).text() == 0 && call.grid.frames > 1;
    const RadialMask mask(call, m_decay, m_sink == "on" || (m_sink == "auto" && videoAlone),
                          m_neighbours == "half" || (m_neighbours == "auto" && videoAlone));
    BlockChoice choice(call, 1);
    for (int64_t g = 0; g < choice.grid.qBlocks; ++g) {
      for (int64_t t = 0; t < choice.grid.kBlocks; ++t) {
        choice.row(0, g)[t] = g == t || keeps(mask, g * call.block, t * call.block, call.block);
      }
    }
    keepText(choice, call);
    m_blockDensity = float(double(std::count(choice.kept.begin(), choice.kept.end(), uint8_t{1})) /
                           double(choice.kept.size()));
    return toLists(choice, call);
  }

  // Of the keys of the block that any query attends, more than 60 % are attended by over a third of the
  // queries.
  static bool keeps(const RadialMask& mask, int64_t query, int64_t key, int64_t block) {
    const VideoTokens& video = mask.video();
    const int64_t first = std::max(query, video.begin()), last = std::min(query + block, video.end());
    if (first >= last) return false;
    int64_t some = 0, many = 0;
    for (int64_t k = std::max(key, video.begin()); k < std::min(key + block, video.end()); ++k) {
      const int64_t attending = mask.attending(first, last, k);
      some += attending > 0;
      many += 3 * attending > last - first;
    }
    return 10 * many > 6 * some;
  }

  double m_decay;
  std::string m_sink;
  std::string m_neighbours;
  DenseSchedule m_schedule;
  int64_t m_tokens = 0;
  float m_blockDensity = 1;
  std::shared_ptr<const kernels::BlockListStorage> m_lists;
};

}  // namespace

MethodInfo radial() {
  return {
      "radial",
      "static bands that narrow with the distance of the frames",
      "Radial attention, arXiv 2506.19852",
      "the list is built once",
      Knob{"decay", 0.02, 8, true},
      withSchedule({number("decay", "0.2", 0.001, 1000, "factor on the width of the bands"),
                    word("sink", "auto", {"auto", "on", "off"},
                         "the first frame is attended by all; auto = in videos without text"),
                    word("neighbours", "auto", {"auto", "full", "half"},
                         "what frames next to one another attend: all, or places up to half a frame apart; "
                         "auto = half in videos without text")},
                   {.steps = 0.24, .layers = 0.025}),
      [](const Parameters& p, const SamplingPlan& plan) { return std::make_unique<Radial>(p, plan); },
      /*onDevice=*/true};
}

}  // namespace ditscope::collector
