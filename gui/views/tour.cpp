// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/tour.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>
#include <algorithm>
#include <array>

#include "gui/views/workspace.h"

namespace ditscope::gui {
namespace {

struct Station {
  const char* pane;
  const char* words;
};
constexpr std::array kStations{
    Station{"summary",
            "<b>Is the recording to be trusted?</b> The box at the top says whether anything is missing. "
            "Below it: what was kept, where the time went, and the heads that lose most."},
    Station{"grid",
            "<b>Every head at a glance.</b> Rows are layers, columns heads. Choose another quantity above, "
            "click a head to select it everywhere, and press [ and ] to move through the steps."},
    Station{"mask",
            "<b>One head, block by block.</b> Dark blue is kept and matters, orange matters and was dropped. "
            "The strip at the right shows how much of each query row survived."},
    Station{"recall",
            "<b>What does a budget buy?</b> Drag the dashed line: the words below say what recall is "
            "possible there, with all heads alike and with the best for each."},
    Station{"whatif",
            "<b>What if?</b> Move the sliders and read off density, recall, error and time before anything "
            "is run. Pin what you like and compare."},
    Station{"drift",
            "<b>Can masks be reused?</b> Low curves mean that a head hardly changes from step to step."},
    Station{"time",
            "<b>Where does the time go?</b> If the orange part grows, the search for masks eats the gain."},
    Station{"config",
            "<b>Take it with you.</b> Edit the setting of each head, and export it in the formats of other "
            "tools. Press ? for all keys. That was the tour."},
};

QToolButton* button(const QString& words, QWidget* parent) {
  auto* made = new QToolButton(parent);
  made->setText(words);
  return made;
}

}  // namespace

Tour::Tour(Workspace* workspace, QWidget* parent)
    : QFrame(parent),
      m_workspace(workspace),
      m_text(new QLabel(this)),
      m_back(button(tr("Back"), this)),
      m_next(button(tr("Next"), this)) {
  setAccessibleName(tr("Tour"));
  setFrameShape(QFrame::StyledPanel);
  m_text->setWordWrap(true);
  m_text->setTextFormat(Qt::RichText);
  QToolButton* end = button(tr("End the tour"), this);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(12, 6, 10, 6);
  row->addWidget(m_text, 1);
  for (QToolButton* each : {m_back, m_next, end}) row->addWidget(each);
  connect(m_back, &QToolButton::clicked, this, [this] { go(-1); });
  connect(m_next, &QToolButton::clicked, this, [this] { go(1); });
  connect(end, &QToolButton::clicked, this, &QWidget::hide);
}

int Tour::stations() {
  return int(kStations.size());
}

QString Tour::paneAt(int station) {
  return QString::fromLatin1(kStations[size_t(station)].pane);
}

void Tour::start() {
  m_station = 0;
  show();
  showStation();
}

void Tour::go(int by) {
  m_station = std::clamp(m_station + by, 0, stations() - 1);
  showStation();
}

void Tour::showStation() {
  const Station& station = kStations[size_t(m_station)];
  m_text->setText(tr("%1/%2 \u2003 %3").arg(m_station + 1).arg(stations()).arg(tr(station.words)));
  setAccessibleDescription(m_text->text());
  m_back->setEnabled(m_station > 0);
  m_next->setEnabled(m_station + 1 < stations());
  m_workspace->raise(QString::fromLatin1(station.pane));
}

}  // namespace ditscope::gui
