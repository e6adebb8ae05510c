// SPDX-License-Identifier: Apache-2.0
#include "collector/methods/joined_launches.h"

#include <algorithm>
#include <map>
#include <utility>

#include "collector/methods/block_choice.h"

namespace ditscope::collector {
namespace {

bool hasListsAlone(const Launch& launch) {
  return launch.skip.kind == kernels::SkipRule::Kind::None && !launch.order.q.defined() &&
         !launch.order.k.defined() && !launch.output.defined();
}

std::shared_ptr<const kernels::BlockListStorage> everyBlock(const MethodCall& call) {
  BlockChoice choice(call, 1);
  std::ranges::fill(choice.kept, uint8_t{1});
  return toLists(choice, call);
}

Launch joined(const std::vector<Launch>& launches, const MethodCall& call) {
  std::map<int64_t, kernels::HeadList> lists;  // by head
  std::shared_ptr<const kernels::BlockListStorage> all;
  for (const Launch& launch : launches) {
    if (launch.lists == nullptr && all == nullptr) all = everyBlock(call);
    const kernels::BlockListStorage* of = launch.lists != nullptr ? launch.lists.get() : all.get();
    const auto count = launch.heads.empty() ? call.heads() : int64_t(launch.heads.size());
    for (int64_t i = 0; i < count; ++i)
      lists[launch.heads.empty() ? i : launch.heads[size_t(i)]] = {of, of->headStride > 0 ? i : 0};
  }
  Launch whole;
  std::vector<kernels::HeadList> inOrder;
  for (const auto& [head, list] : lists) {
    whole.heads.push_back(head);
    inOrder.push_back(list);
  }
  if (int64_t(whole.heads.size()) == call.heads()) whole.heads.clear();
  if (!std::ranges::all_of(launches, &Launch::computesAll))
    whole.lists = std::make_shared<kernels::BlockListStorage>(kernels::joinHeads(inOrder));
  return whole;
}

}  // namespace

std::vector<Launch> joinLaunches(std::vector<Launch> launches, const MethodCall& call) {
  const auto others = std::stable_partition(launches.begin(), launches.end(), hasListsAlone);
  if (others - launches.begin() < 2) return launches;
  std::vector<Launch> few = {joined({launches.begin(), others}, call)};
  few.insert(few.end(), std::make_move_iterator(others), std::make_move_iterator(launches.end()));
  return few;
}

}  // namespace ditscope::collector
