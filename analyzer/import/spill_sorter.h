// SPDX-License-Identifier: Apache-2.0
// Sorts more plain rows than should lie in memory: full buffers are sorted and put into a temporary file, and
// reading merges them. Small inputs never touch the disk. One thread at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <queue>
#include <type_traits>
#include <vector>

namespace ditscope::analyzer {

// A file without a name in `folder`; gone with this, however the process ends. Throws db::Error.
class SpillFile {
 public:
  explicit SpillFile(const std::filesystem::path& folder);
  ~SpillFile();
  SpillFile(SpillFile&& other) noexcept;
  SpillFile& operator=(SpillFile&&) = delete;

  void append(const void* data, size_t bytes);
  void read(void* data, size_t bytes, size_t offset) const;
  [[nodiscard]] size_t size() const { return m_size; }

 private:
  int m_descriptor;
  size_t m_size = 0;
};

template <class Row, class Less>
class SpillSorter {
  static_assert(std::is_trivially_copyable_v<Row>);

  struct Run {                 // a sorted part of the file, read through a window
    size_t next = 0, end = 0;  // rows in the file
    std::vector<Row> window;
    size_t at = 0;
  };

 public:
  SpillSorter(std::filesystem::path folder, size_t memoryBytes)
      : m_folder(std::move(folder)), m_capacity(std::max<size_t>(memoryBytes / sizeof(Row), 2)) {}

  void add(const Row& row) {
    if (m_rows.size() == m_capacity) spill();
    m_rows.push_back(row);
    ++m_count;
  }
  [[nodiscard]] size_t size() const { return m_count; }

  // Visits all rows in order and leaves the sorter empty. Rows that are equal under Less come in any order.
  template <class Visit>
  void drain(Visit visit) {
    forEachSorted(visit);
    m_rows = {};
    m_runs.clear();
    m_file.clear();
    m_count = 0;
  }

  // The same for whoever takes one row after the other: next() is null behind the last.
  class Cursor {
   public:
    explicit Cursor(SpillSorter& sorter) : m_sorter(sorter) { sorter.startMerge(m_runs, m_queue); }
    const Row* next() { return m_sorter.advance(m_runs, m_queue, m_row, m_at) ? &m_row : nullptr; }

   private:
    SpillSorter& m_sorter;
    std::vector<Run> m_runs;
    std::vector<size_t> m_queue;
    Row m_row{};
    size_t m_at = 0;
  };

 private:
  void spill() {
    std::sort(m_rows.begin(), m_rows.end(), Less());
    if (m_file.empty()) m_file.emplace_back(m_folder);
    const size_t first = m_file[0].size() / sizeof(Row);
    m_file[0].append(m_rows.data(), m_rows.size() * sizeof(Row));
    m_runs.push_back({.next = first, .end = first + m_rows.size(), .window = {}, .at = 0});
    m_rows.clear();
  }

  bool fill(Run& run) const {  // false at the end of the run
    if (run.at < run.window.size()) return true;
    const size_t rows = std::min(run.end - run.next, std::max<size_t>(m_capacity / (m_runs.size() + 1), 1));
    run.window.resize(rows);
    run.at = 0;
    if (rows == 0) return false;
    m_file[0].read(run.window.data(), rows * sizeof(Row), run.next * sizeof(Row));
    run.next += rows;
    return true;
  }

  void startMerge(std::vector<Run>& runs, std::vector<size_t>& queue) {
    if (!m_runs.empty() && !m_rows.empty()) spill();
    if (m_runs.empty()) std::sort(m_rows.begin(), m_rows.end(), Less());
    if (!m_runs.empty()) std::vector<Row>().swap(m_rows);
    runs = m_runs;
    for (size_t i = 0; i < runs.size(); ++i)
      if (fill(runs[i])) queue.push_back(i);
    std::make_heap(queue.begin(), queue.end(), Later{runs});
  }

  struct Later {  // of two runs the one whose first row comes later; the heap's top is the smallest row
    const std::vector<Run>& runs;
    bool operator()(size_t a, size_t b) const {
      return Less()(runs[b].window[runs[b].at], runs[a].window[runs[a].at]);
    }
  };

  bool advance(std::vector<Run>& runs, std::vector<size_t>& queue, Row& row, size_t& at) const {
    if (m_runs.empty()) {
      if (at == m_rows.size()) return false;
      row = m_rows[at++];
      return true;
    }
    if (queue.empty()) return false;
    std::pop_heap(queue.begin(), queue.end(), Later{runs});
    Run& run = runs[queue.back()];
    row = run.window[run.at++];
    if (fill(run)) {
      std::push_heap(queue.begin(), queue.end(), Later{runs});
    } else {
      queue.pop_back();
    }
    return true;
  }

  template <class Visit>
  void forEachSorted(Visit& visit) {
    Cursor cursor(*this);
    while (const Row* row = cursor.next()) visit(*row);
  }

  std::filesystem::path m_folder;
  size_t m_capacity;
  size_t m_count = 0;
  std::vector<Row> m_rows;
  std::vector<Run> m_runs;
  std::vector<SpillFile> m_file;  // none or one
};

}  // namespace ditscope::analyzer
