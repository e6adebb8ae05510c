// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/start_page.h"

#include <QEvent>
#include <QFileInfo>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>

#include "gui/plots/theme.h"

namespace ditscope::gui {

StartPage::StartPage(QWidget* parent)
    : QWidget(parent), m_text(new QLabel(this)), m_recent(new QLabel(this)) {
  setAutoFillBackground(true);
  setBackgroundRole(QPalette::Base);
  auto* open = new QPushButton(tr("&Open a trace\u2026"), this);
  for (QLabel* label : {m_text, m_recent}) {
    label->setTextFormat(Qt::RichText);
    label->setTextInteractionFlags(Qt::TextBrowserInteraction);
  }
  auto* grid = new QGridLayout(this);
  grid->setRowStretch(0, 2);
  grid->setRowStretch(4, 3);
  grid->setColumnStretch(0, 1);
  grid->setColumnStretch(2, 1);
  grid->setVerticalSpacing(18);
  grid->addWidget(m_text, 1, 1);
  auto* tour = new QPushButton(tr("&Tour of the demo run"), this);
  auto* buttons = new QHBoxLayout;
  buttons->addWidget(open);
  buttons->addWidget(tour);
  buttons->addStretch();
  grid->addLayout(buttons, 2, 1);
  grid->addWidget(m_recent, 3, 1);
  connect(open, &QPushButton::clicked, this, &StartPage::openAsked);
  connect(tour, &QPushButton::clicked, this, &StartPage::tourAsked);
  connect(m_recent, &QLabel::linkActivated, this, [this](const QString& link) {
    const int at = link.toInt();
    if (at >= 0 && at < m_paths.size()) emit pathAsked(m_paths[at]);
  });
  write();
}

void StartPage::setRecent(const QStringList& paths) {
  m_paths = paths;
  write();
}

void StartPage::write() {
  const PlotColours colours = plotColours(palette());
  m_text->setText(
      tr("<p style='font-size:x-large'><b>DiTScope</b></p>"
         "<p>See what sparse attention keeps and what it misses, head by head and step by step.</p>"
         "<p style='color:%1'>Open a trace, or drop one here. To record one of the demo model:</p>"
         "<pre>  ditscope collect --model demo-video --out run.db\n  ditscope-gui run.db</pre>")
          .arg(colours.faintText.name()));
  QString rows;
  for (int i = 0; i < m_paths.size(); ++i) {
    const QFileInfo file(m_paths[i]);
    const QString name = file.fileName().toHtmlEscaped();
    const QString folder = file.path().toHtmlEscaped();
    rows +=
        QStringLiteral("<p style='margin:3px'>") +
        (file.exists()
             ? QStringLiteral("<a href='%1' style='color:%2'>%3</a>").arg(i).arg(colours.accent.name(), name)
             : QStringLiteral("<span style='color:%1'>%2 (%3)</span>")
                   .arg(colours.faintText.name(), name, tr("missing"))) +
        QStringLiteral(" &nbsp;<span style='color:%1'>%2</span></p>").arg(colours.faintText.name(), folder);
  }
  m_recent->setText(rows.isEmpty() ? QString() : QStringLiteral("<p><b>%1</b></p>").arg(tr("Recent")) + rows);
}

void StartPage::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) write();
}

}  // namespace ditscope::gui
