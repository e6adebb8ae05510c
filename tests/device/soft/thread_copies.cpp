// SPDX-License-Identifier: Apache-2.0
#include "tests/device/soft/thread_copies.h"

#include <cstring>
#include <deque>
#include <vector>

#include "tests/device/soft/soft_gpu.h"

namespace ditscope::kernels::soft {
namespace {

struct Copy {
  uint32_t to;
  const void* from;
};
struct Lane {
  std::vector<Copy> open;
  std::deque<std::vector<Copy>> groups;
};

void land(const Copy& copy) {
  if (copy.to % 16 != 0 || reinterpret_cast<uintptr_t>(copy.from) % 16 != 0)
    fail("a copy of 16 bytes is not aligned");
  if (copy.from)
    std::memcpy(at(copy.to, 16), copy.from, 16);
  else
    std::memset(at(copy.to, 16), 0, 16);
}

}  // namespace

void copy16(uint32_t to, const void* from) {
  if (copiesAreLate())
    ofThread<Lane>().open.push_back({to, from});
  else
    land({to, from});
}

void commitCopies() {
  Lane& mine = ofThread<Lane>();
  mine.groups.push_back(std::move(mine.open));
  mine.open.clear();
}

void waitCopies(int pending) {
  Lane& mine = ofThread<Lane>();
  for (; int(mine.groups.size()) > pending; mine.groups.pop_front())
    for (const Copy& copy : mine.groups.front()) land(copy);
}

}  // namespace ditscope::kernels::soft
