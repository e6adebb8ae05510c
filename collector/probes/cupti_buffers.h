// SPDX-License-Identifier: Apache-2.0
// The memory that CUPTI writes its records into. CUPTI asks for blocks and gives them back full, from
// whatever thread it happens to be on; one thread of ours reads them. No lock is held while CUPTI is called.
// Only compiled where CUPTI's headers are.
#pragma once

#include <cupti.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace ditscope::collector {

class CuptiBuffers {
 public:
  static constexpr size_t kBytes = size_t{4} << 20;
  static constexpr size_t kMost = 64;  // blocks at CUPTI or waiting to be read

  struct Full {
    uint8_t* data = nullptr;
    size_t validBytes = 0;
  };

  // CUPTI's part. A request beyond kMost is declined, which drops records and is counted.
  void request(uint8_t** buffer, size_t* size, size_t* maxRecords);
  void complete(uint8_t* buffer, size_t validBytes);

  // The reader's part: waits up to `ms` for a full block; no data = none came. To be given back.
  [[nodiscard]] Full next(int ms);
  void giveBack(Full block);
  void wake();  // makes next() return now
  [[nodiscard]] bool nothingFull();
  [[nodiscard]] int64_t declined() const { return m_declined; }

 private:
  struct Free {
    void operator()(uint8_t* block) const { ::operator delete[](block, std::align_val_t{8}); }
  };
  std::mutex m_mutex;
  std::condition_variable m_changed;
  std::vector<std::unique_ptr<uint8_t[], Free>> m_blocks;
  std::vector<uint8_t*> m_free;
  std::deque<Full> m_full;
  bool m_woken = false;
  std::atomic<int64_t> m_declined = 0;
};

}  // namespace ditscope::collector
