// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/jobs/block_job.h"

#include <QFutureWatcher>
#include <QtConcurrent>
#include <variant>

#include "gui/jobs/failure.h"

namespace ditscope::gui {
namespace {

using BlockOutcome = std::variant<std::monostate, HeadBlocksPtr, Failure>;  // monostate: overtaken

BlockOutcome readBlocks(const std::shared_ptr<BlockSource>& source, const BlockRequest& request,
                        const std::shared_ptr<std::atomic<int>>& latest, int number) {
  if (latest->load() != number) return {};
  try {
    return source->read(request);
  } catch (...) {
    return currentFailure();
  }
}

}  // namespace

BlockJob::BlockJob(QObject* parent) : QObject(parent) {
  m_pool.setMaxThreadCount(1);
  m_pool.setExpiryTimeout(-1);
}

BlockJob::~BlockJob() {
  giveUp();
  m_pool.waitForDone();
}

void BlockJob::giveUp() {
  ++*m_number;
  m_busy = false;
}

void BlockJob::setTrace(const std::filesystem::path& path, const std::filesystem::path& other) {
  giveUp();
  m_source = std::make_shared<BlockSource>(path, other);
}

void BlockJob::request(const BlockRequest& request) {
  if (!m_source) return;
  const int number = ++*m_number;
  m_busy = true;
  auto* watcher = new QFutureWatcher<BlockOutcome>(this);
  connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher, number] {
    watcher->deleteLater();
    if (number != *m_number) return;
    m_busy = false;
    const BlockOutcome outcome = watcher->result();
    if (const auto* blocks = std::get_if<HeadBlocksPtr>(&outcome)) emit ready(*blocks);
    if (const auto* failure = std::get_if<Failure>(&outcome)) emit failed(failure->message);
  });
  watcher->setFuture(QtConcurrent::run(&m_pool, readBlocks, m_source, request, m_number, number));
}

}  // namespace ditscope::gui
