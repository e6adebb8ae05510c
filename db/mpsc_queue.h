// SPDX-License-Identifier: Apache-2.0
// A bounded lock-free queue of many producers and one consumer: a ring of cells whose sequence numbers say
// whose turn it is (D. Vyukov's bounded queue). A producer that finds it full is told so and never waits.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <utility>
#include <vector>

namespace ditscope::db {

template <class T>
class MpscQueue {
 public:
  explicit MpscQueue(size_t capacity) : m_cells(std::bit_ceil(capacity < 2 ? size_t{2} : capacity)) {
    for (size_t i = 0; i < m_cells.size(); ++i) m_cells[i].turn.store(i, std::memory_order_relaxed);
  }

  // Any thread. value is moved from only on success.
  bool tryPush(T& value) noexcept {
    size_t ticket = m_tail.load(std::memory_order_relaxed);
    for (;;) {
      Cell& cell = m_cells[ticket & (m_cells.size() - 1)];
      const size_t turn = cell.turn.load(std::memory_order_acquire);
      if (turn == ticket) {
        if (m_tail.compare_exchange_weak(ticket, ticket + 1, std::memory_order_relaxed)) {
          cell.value = std::move(value);
          cell.turn.store(ticket + 1, std::memory_order_release);
          return true;
        }
      } else if (turn < ticket) {
        return false;  // the consumer has not emptied it since the last round
      } else {
        ticket = m_tail.load(std::memory_order_relaxed);
      }
    }
  }

  // The consumer only. False when empty, or when the producer of the next value is not done writing it.
  bool tryPop(T& value) {
    Cell& cell = m_cells[m_head & (m_cells.size() - 1)];
    if (cell.turn.load(std::memory_order_acquire) != m_head + 1) return false;
    value = std::move(cell.value);
    cell.turn.store(m_head + m_cells.size(), std::memory_order_release);
    ++m_head;
    return true;
  }

  [[nodiscard]] size_t pushed() const { return m_tail.load(std::memory_order_acquire); }
  [[nodiscard]] size_t popped() const { return m_head; }  // the consumer only
  [[nodiscard]] size_t capacity() const { return m_cells.size(); }

 private:
  struct Cell {
    std::atomic<size_t> turn;
    T value;
  };
  std::vector<Cell> m_cells;
  alignas(64) std::atomic<size_t> m_tail{0};
  alignas(64) size_t m_head = 0;
};

}  // namespace ditscope::db
