// SPDX-License-Identifier: GPL-3.0-or-later
// Reads and judges the blocks of the selected head on a worker thread with its own reader. Only the latest
// request is answered: while the user scrubs, the ones in between are skipped.
#pragma once

#include <QObject>
#include <QString>
#include <QThreadPool>
#include <atomic>
#include <memory>

#include "gui/models/head_blocks.h"

namespace ditscope::gui {

class BlockJob : public QObject {
  Q_OBJECT
 public:
  explicit BlockJob(QObject* parent = nullptr);
  ~BlockJob() override;

  // `other`: where the calls to compare with are; empty: none.
  void setTrace(const std::filesystem::path& path, const std::filesystem::path& other = {});
  void request(const BlockRequest& request);
  void giveUp();
  [[nodiscard]] bool busy() const { return m_busy; }

 signals:
  void ready(ditscope::gui::HeadBlocksPtr blocks);
  void failed(const QString& message);

 private:
  QThreadPool m_pool;  // one thread: it owns the reader
  std::shared_ptr<BlockSource> m_source;
  std::shared_ptr<std::atomic<int>> m_number = std::make_shared<std::atomic<int>>(0);
  bool m_busy = false;
};

}  // namespace ditscope::gui
