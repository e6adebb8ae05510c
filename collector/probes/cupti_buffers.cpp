// SPDX-License-Identifier: Apache-2.0
#include "collector/probes/cupti_buffers.h"

#include <chrono>
#include <new>

namespace ditscope::collector {

void CuptiBuffers::request(uint8_t** buffer, size_t* size, size_t* maxRecords) {
  *size = kBytes;
  *maxRecords = 0;  // as many as fit
  const std::lock_guard lock(m_mutex);
  if (m_free.empty() && m_blocks.size() < kMost) {
    m_blocks.emplace_back(static_cast<uint8_t*>(::operator new[](kBytes, std::align_val_t{8})));
    m_free.push_back(m_blocks.back().get());
  }
  if (m_free.empty()) {
    *buffer = nullptr;
    *size = 0;
    ++m_declined;
    return;
  }
  *buffer = m_free.back();
  m_free.pop_back();
}

void CuptiBuffers::complete(uint8_t* buffer, size_t validBytes) {
  if (buffer == nullptr) return;
  const std::lock_guard lock(m_mutex);
  m_full.push_back({buffer, validBytes});
  m_changed.notify_one();
}

CuptiBuffers::Full CuptiBuffers::next(int ms) {
  std::unique_lock lock(m_mutex);
  m_changed.wait_for(lock, std::chrono::milliseconds(ms), [this] { return !m_full.empty() || m_woken; });
  m_woken = false;
  if (m_full.empty()) return {};
  const Full block = m_full.front();
  m_full.pop_front();
  return block;
}

void CuptiBuffers::giveBack(Full block) {
  const std::lock_guard lock(m_mutex);
  m_free.push_back(block.data);
}

void CuptiBuffers::wake() {
  const std::lock_guard lock(m_mutex);
  m_woken = true;
  m_changed.notify_one();
}

bool CuptiBuffers::nothingFull() {
  const std::lock_guard lock(m_mutex);
  return m_full.empty();
}

}  // namespace ditscope::collector
