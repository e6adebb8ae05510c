// SPDX-License-Identifier: GPL-3.0-or-later
// What the configuration pane does to its configuration, and what it says about it.
#include <QComboBox>
#include <QFileInfo>
#include <QLabel>
#include <QTableView>
#include <algorithm>

#include "analyzer/exchange/config_diff.h"
#include "analyzer/exchange/exchange_file.h"
#include "analyzer/exchange/exchange_format.h"
#include "analyzer/exchange/like.h"
#include "analyzer/format.h"
#include "db/config_file.h"
#include "db/error.h"
#include "gui/jobs/failure.h"
#include "gui/models/readout.h"
#include "gui/plots/theme.h"
#include "gui/views/config_command.h"
#include "gui/views/config_view.h"

namespace ditscope::gui {
namespace {

constexpr size_t kToldChanges = 4;  // told one by one

// A run says how it was made; what cannot be read of that is dense, and said.
db::SparsityConfig configOfRun(const Trace& trace, QString& note) {
  db::SparsityConfig config = analyzer::configLike(trace.facts.run, trace.path.string());
  try {
    if (!trace.facts.run.method.empty()) config.defaults = choiceFrom(text(trace.facts.run.method));
  } catch (const db::Error&) {
    note = QObject::tr("The run was recorded with %1, which is no single setting; the table starts dense.")
               .arg(text(trace.facts.run.method));
  }
  return config;
}

}  // namespace

template <class Work>
void ConfigView::guarded(Work work) {
  try {
    work();
  } catch (...) {
    say(currentFailure().message, true);
  }
}

void ConfigView::startOver() {
  m_list->setEnabled(trace() != nullptr);
  if (!trace()) {
    m_heading->setText(tr("Configuration"));
    m_config = m_baseline = {};
    m_model->setConfig(m_config, m_baseline);
    say({}, false);
    return;
  }
  if (trace()->facts.run.uuid == m_runUuid && m_config.steps > 0) return;  // followed or reloaded: edits stay
  m_runUuid = trace()->facts.run.uuid;
  say({}, false);
  guarded([&] {
    QString note;
    m_baseline = configOfRun(*trace(), note);
    showConfig(m_baseline);
    if (!note.isEmpty()) say(note, false);
  });
  m_list->resizeColumnsToContents();
}

void ConfigView::showConfig(const db::SparsityConfig& config) {
  m_config = config;
  m_model->setConfig(m_config, m_baseline);
  m_model->setPlace(pinned().step, pinned().branch);
  m_heading->setText(tr("Setting of %1 heads").arg(m_model->rowCount()));
  showDifference();
}

void ConfigView::change(const db::SparsityConfig& config, const QString& what) {
  if (config == m_config) return;
  session().undo().push(new ConfigCommand(this, m_config, config, what));
}

void ConfigView::setAsBaseline() {
  m_baseline = m_config;
  showConfig(m_config);
  say(tr("Changes are now told against this."), false);
}

void ConfigView::applyTo(const std::vector<std::pair<int, int>>& heads, const QString& words) {
  if (heads.empty()) return say(tr("select the rows that shall get the setting"), true);
  guarded([&] {
    ConfigEdit edit{.heads = heads, .choice = choiceFrom(words)};
    const auto steps = Steps(m_steps->currentIndex());
    const int here = std::clamp(pinned().step, 0, std::max(m_config.steps - 1, 0));
    if (steps == Steps::FromHere) edit.steps = db::IndexRange{here, m_config.steps - 1};
    if (steps == Steps::Here) edit.steps = db::IndexRange{here, here};
    db::SparsityConfig next = edited(m_config, edit);
    (void)db::configText(next);  // refuses what no file may hold
    change(next, tr("%1 for %2 heads").arg(words).arg(heads.size()));
    say({}, false);
  });
}

void ConfigView::load(const QString& path) {
  guarded([&] {
    const std::string bytes = analyzer::readExchangeFile(path.toStdString());
    analyzer::LossReport losses;
    db::SparsityConfig like = m_config;  // what a file does not say is as in this run
    like.defaults = {};
    like.schedule.clear();
    like.overrides.clear();
    const analyzer::ExchangeInput asked{.bytes = bytes, .name = path.toStdString(), .like = &like};
    const analyzer::ExchangeFormat& format = analyzer::recogniseFormat(asked);
    db::SparsityConfig next = format.read(asked, losses);
    change(next, tr("import of %1").arg(QFileInfo(path).fileName()));
    QString words = tr("Read %1 as %2.").arg(QFileInfo(path).fileName(), text(format.name));
    for (const std::string& loss : losses) words += QChar(' ') + text(loss) + QChar('.');
    say(words, false);
  });
}

void ConfigView::save(const QString& path, const QString& format) {
  guarded([&] {
    analyzer::LossReport losses;
    const analyzer::ExchangeFormat& to = analyzer::exchangeFormat(format.toStdString());
    to.write(m_config, {}, path.toStdString(), losses);
    QString words = tr("Wrote %1.").arg(path);
    if (!losses.empty()) words += tr(" %1 cannot hold:").arg(format);
    for (const std::string& loss : losses) words += QChar(' ') + text(loss) + QChar(';');
    if (words.endsWith(QChar(';'))) words.chop(1);
    say(words, false);
  });
}

void ConfigView::showDifference() {
  if (m_config.steps <= 0) return m_difference->clear();
  const analyzer::ConfigDiff diff = analyzer::diffConfigs(m_baseline, m_config);
  if (diff.changedCells == 0) {
    m_difference->setText(tr("As it was: nothing has been changed."));
    return;
  }
  QString words =
      tr("Changed in %1 of %2 cells (steps, heads, branches):")
          .arg(text(analyzer::formatCount(diff.changedCells)), text(analyzer::formatCount(diff.cells)));
  for (size_t i = 0; i < std::min(diff.changes.size(), kToldChanges); ++i)
    words += QStringLiteral("\n%1: %2 \u2192 %3")
                 .arg(cellsWords(diff.changes[i].cells), text(diff.changes[i].before),
                      text(diff.changes[i].after));
  if (diff.changes.size() > kToldChanges)
    words += tr("\nand %1 more").arg(diff.changes.size() - kToldChanges);
  m_difference->setText(words);
}

void ConfigView::say(const QString& words, bool isProblem) {
  const PlotColours colours = plotColours(palette());
  const QString sign = isProblem ? QStringLiteral("\u26a0 ") : QString();
  QPalette tint = m_message->palette();
  tint.setColor(QPalette::WindowText, isProblem ? colours.bad : colours.text);
  m_message->setPalette(tint);
  m_message->setText(words.isEmpty() ? words : sign + words);
  m_message->setVisible(!words.isEmpty());
}

}  // namespace ditscope::gui
